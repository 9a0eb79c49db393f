"""The generations of CAs whose keys are here, as the registration authority wants them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ca.authority import AuthorityProfiles, CertificationAuthority, Generations
from ca.profile import Profile
from ca.profiles import load_profiles
from ca.settings import CaSettings, Installation, OidCa
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.keys.blocklist import KeyBlocklist
from pki.ports import Entropy
from server.generation.roots import root_of
from server.roles.keys import load_signer, read_certificate_file
from server.setting.issuers import GenerationSettings, MobielCaSettings, TokenCaSettings
from server.settings import Settings

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNames:
    """Under which names the profiles of a generation are found."""

    ca: str
    person: str
    responder: str


def names_of(settings: Settings, generation: GenerationSettings) -> ProfileNames:
    """Those of its kind of CA."""
    if isinstance(generation, MobielCaSettings):
        return ProfileNames(
            ca="mobiel-ca", person="zorgid-mobiel", responder="mobiel-ocsp-responder"
        )
    return ProfileNames(ca="token-ca", person=settings.card_profile, responder="ocsp-responder")


def ca_settings(settings: Settings, generation: GenerationSettings) -> CaSettings:
    """What the profiles are filled with for one generation."""
    root = root_of(settings, read_certificate_file(generation.certificate))
    filled = CaSettings(
        installation=Installation(settings.installation.kind),
        operator=settings.installation.operator,
        oid_arc=settings.installation.oid_arc,
        base_url=settings.status.public_url,
        oid_ca=OidCa(settings.oid_ca),
        root_published_as=root.published_as,
    )
    name, published = generation.name, generation.published_as
    if isinstance(generation, MobielCaSettings):
        return replace(filled, mobiel_ca_name=name, mobiel_ca_published_as=published)
    return replace(filled, token_ca_name=name, token_ca_published_as=published)


def profiles_of(settings: Settings, generation: GenerationSettings) -> Mapping[str, Profile]:
    """The profiles, filled for one generation.

    Raises:
        ConfigurationInvalid: one cannot be used, or is missing.
    """
    found = load_profiles(settings.profiles, settings=ca_settings(settings, generation))
    names = names_of(settings, generation)
    missing = {names.ca, names.person, names.responder} - set(found)
    if missing:
        raise ConfigurationInvalid(
            key="profiles",
            message=f"no profile {', '.join(sorted(missing))} in {settings.profiles}",
            next_step="restore the shipped profiles",
        )
    person = found[names.person]
    lists = replace(
        person.extensions,
        crl_parts=generation.crl_parts,
        crl_deltas=settings.crl.delta_in_cards,
    )
    return {**found, names.person: replace(person, extensions=lists)}


def open_authority(
    settings: Settings,
    generation: GenerationSettings,
    entropy: Entropy,
    known_keys: KeyBlocklist | None = None,
) -> CertificationAuthority:
    """One generation with its key; it certifies none of ``known_keys``.

    Raises:
        ConfigurationInvalid: a profile, certificate or key file cannot be used.
        KeyMismatch: key, certificate, chain or profile do not belong together.
    """
    if generation.key is None:
        raise ConfigurationInvalid(
            key=f"{_table(generation)}.key",
            message=f"{generation.id} {generation.state} and has no key",
            next_step=f"add key to its table [[{_table(generation)}]], where issuance runs",
        )
    profiles, names = profiles_of(settings, generation), names_of(settings, generation)
    certificate = read_certificate_file(generation.certificate)
    root = root_of(settings, certificate)
    opened = CertificationAuthority.open(
        IssuerId(generation.id),
        chain=(certificate, read_certificate_file(root.certificate)),
        signer=load_signer(
            generation.key, certificate, settings.limits, profiles[names.person].signatures
        ),
        profiles=AuthorityProfiles(
            ca=profiles[names.ca],
            person=profiles[names.person],
            responder=profiles[names.responder],
        ),
        settings=ca_settings(settings, generation),
        entropy=entropy,
    )
    return replace(opened, known_keys=known_keys)


def open_generations(settings: Settings, entropy: Entropy) -> Generations:
    """Every generation that signs.

    Raises:
        ConfigurationInvalid, KeyMismatch: as `open_authority`.
    """
    known_keys = None
    if settings.key_blocklist is not None:
        known_keys = KeyBlocklist.open(settings.key_blocklist)
        fields = {"entries": known_keys.entries, "sha256": known_keys.sha256}
        _log.info("key blocklist loaded", extra=fields)
    return Generations(
        [open_authority(settings, each, entropy, known_keys) for each in signing(settings)],
        issues={IssuerId(each.id) for each in settings.generations if each.state == "issues"},
    )


def signing(settings: Settings) -> list[GenerationSettings]:
    """The generations that sign; one that ended may have lost its key."""
    return [each for each in settings.generations if each.key is not None or each.state != "ended"]


def _table(generation: GenerationSettings) -> str:
    return "token_ca" if isinstance(generation, TokenCaSettings) else "mobiel_ca"
