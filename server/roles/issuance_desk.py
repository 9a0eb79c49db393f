"""The role `issuance`: the registration authority, the CAs' keys and the API's TLS."""

import ssl
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from issuance.attesting.rule import NO_RULE, AttestationRule
from issuance.desk import Authorities, Desk, Limits
from issuance.http.peers import PeerCertificate, peer_certificate
from issuance.organisations.ports import Representation
from issuance.ports import PassVerifier
from issuance.rules.choices import Choices
from issuance.rules.rates import RateLimits, Restraint
from pki.der.certificate import read_certificate
from pki.domain.errors import ConfigurationInvalid, Forbidden, Refused
from pki.domain.reasons import RefusalReason
from pki.domain.records import PassHolder
from pki.domain.registration.records import RegistrationDocument
from pki.domain.uzi import PassType
from pki.keys.sealing import BirthDateSealer
from pki.ports import Clock, Entropy
from pki.store.reading import ReadStore
from pki.store.writing import Store
from pki.trust import proofs
from pki.trust.attestation.chain import AttestationTrust
from pki.trust.fetch import AiohttpStatusHttp
from pki.trust.pass_status import PassStatus
from pki.trust.registration.representation import UziRepresentation
from pki.trust.settings import IssuingCa, StatusSettings, UziTrustSettings
from pki.trust.uzi_pass import UziTrust
from server.roles.keys import read_certificate_file, read_passphrase
from server.setting.attestation import AttestationSettings
from server.setting.identity import DeziSettings
from server.setting.rules import RuleSettings
from server.settings import Settings, UziSettings

SALT_FILE: Final = "pass-digest-salt"
SEALING_FILE: Final = "sealing.key"
_SALT_OCTETS_MIN: Final = 16


class NoPassTrusted:
    """Stands in when the configuration names no UZI register: every pass is refused."""

    async def verify_pass(self, certificate: bytes, at: datetime, /) -> PassHolder:
        """Refuse."""
        del certificate, at
        raise _no_register(RefusalReason.PASS_NOT_TRUSTED)

    async def verify_representative(self, certificate: bytes, at: datetime, /) -> PassHolder:
        """Refuse."""
        del certificate, at
        raise _no_register(RefusalReason.PASS_NOT_TRUSTED)

    async def verify_document(self, octets: bytes, at: datetime, /) -> RegistrationDocument:
        """Refuse."""
        del octets, at
        raise _no_register(RefusalReason.DOCUMENT_NOT_TRUSTED)


def _no_register(reason: RefusalReason) -> Refused:
    return Refused(
        reason=reason,
        message="this installation trusts no UZI register",
        next_step="add the section [uzi] to the configuration and start again",
    )


def open_desk(
    settings: Settings,
    *,
    stores: tuple[Store, ReadStore],
    authorities: Authorities,
    clock: Clock,
    entropy: Entropy,
) -> Desk:
    """The registration authority's surroundings.

    Raises:
        ConfigurationInvalid: a secret file, or a key of [dezi], cannot be used.
    """
    store, reader = stores
    limits = settings.limits
    if settings.dezi is not None:
        _check_dezi(settings.dezi)
    passes, representation = passes_of(settings.uzi, entropy)
    return Desk(
        store=store,
        reader=reader,
        authorities=authorities,
        passes=passes,
        representation=representation,
        proofs=proofs,
        sealer=BirthDateSealer.load(settings.secrets / SEALING_FILE, entropy),
        clock=clock,
        entropy=entropy,
        audience=settings.api.audience,
        salt=read_salt(settings),
        limits=Limits(
            challenge=timedelta(seconds=limits.challenge_seconds),
            session=timedelta(seconds=limits.session_seconds),
            login=timedelta(seconds=limits.login_seconds),
            unfinished=timedelta(seconds=limits.confirmation_seconds),
            lease=timedelta(seconds=3 * limits.signing_seconds),
            longest_hold=timedelta(days=limits.hold_days) if limits.hold_days else None,
            revoke_held=limits.hold_expiry == "revoke",
        ),
        restraint=Restraint(RateLimits(**settings.rates.model_dump()), time.monotonic),
        attestation=attestation_rule(settings.attestation),
        choices=choices_of(settings.rules),
        attribute_types={each.type: frozenset(each.codes) for each in settings.attributes},
    )


def _check_dezi(dezi: DeziSettings) -> None:
    """Tell at the start of keys that cannot be used; only who has [dezi] needs its library."""
    from server.identity.dezi import dezi_trust

    dezi_trust(dezi)


def choices_of(rules: RuleSettings) -> Choices:
    """The section [rules] as the registration authority has it."""
    return Choices(
        revoke_needs_block=rules.revoke_needs_block,
        cards_can_be_blocked=rules.cards_can_be_blocked,
        blocker_unblocks=rules.unblock_by == "blocker",
        months_unlinked=rules.unlinked_months,
        unlinked_end=rules.unlinked_end == "revoke",
    )


def attestation_rule(settings: AttestationSettings) -> AttestationRule:
    """The section [attestation] with its certificates read.

    Raises:
        ConfigurationInvalid: a file holds no certificate of a CA.
    """
    if settings.policy == "ignore":
        return NO_RULE
    judge = AttestationTrust(map(read_certificate_file, settings.roots))
    return AttestationRule(judge=judge, needed=settings.policy == "require")


def read_salt(settings: Settings) -> bytes:
    """What digests of passes are made with.

    Raises:
        ConfigurationInvalid: it is not there, or too short.
    """
    path = settings.secrets / SALT_FILE
    try:
        salt = path.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="secrets",
            message=f"{path} cannot be read: {error.strerror}",
            next_step="restore the secrets folder that belongs to this store",
        ) from error
    if len(salt) < _SALT_OCTETS_MIN:
        raise ConfigurationInvalid(
            key="secrets", message=f"{path} is too short", next_step="restore it from a backup"
        )
    return salt


def passes_of(uzi: UziSettings | None, entropy: Entropy) -> tuple[PassVerifier, Representation]:
    """Who judges passes, and who hears representatives; without [uzi] both refuse."""
    if uzi is None:
        return NoPassTrusted(), NoPassTrusted()
    trusted = trust_settings(uzi)
    http = AiohttpStatusHttp(timeout_seconds=trusted.status.timeout_seconds)
    status = PassStatus(trusted, http, entropy)
    passes = UziTrust(trusted, status)
    return passes, UziRepresentation.of(trusted, passes, status)


def trust_settings(uzi: UziSettings) -> UziTrustSettings:
    """The section [uzi] with its certificates read.

    Raises:
        ConfigurationInvalid: a file holds no certificate.
    """
    return UziTrustSettings(
        roots=tuple(map(read_certificate_file, uzi.roots)),
        intermediates=tuple(map(read_certificate_file, uzi.intermediates)),
        issuers=tuple(
            IssuingCa(
                certificates=tuple(map(read_certificate_file, each.certificates)),
                pass_type=PassType(each.pass_type),
                oid_ca=each.oid_ca,
                policies=frozenset(each.authenticity_policies),
            )
            for each in uzi.issuers
        ),
        status=StatusSettings(
            hosts=frozenset(uzi.status_hosts),
            crl_max_age=timedelta(seconds=uzi.crl_max_age_seconds),
        ),
    )


def tls_context(settings: Settings) -> ssl.SSLContext:
    """TLS of the API: our certificate; where one is given, clients' of Services CA or Mobiel.

    Raises:
        ConfigurationInvalid: certificate and key cannot be used together.
    """
    api = settings.api
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(api.certificate, api.key.file, password=read_passphrase(api.key))
        for client_ca in (api.client_ca, *(each.certificate for each in settings.mobiel_ca)):
            context.load_verify_locations(client_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationInvalid(
            key="api",
            message=f"the API's certificate and key cannot be used: {type(error).__name__}",
            next_step="check api.certificate, api.key, api.client_ca and mobiel_ca.certificate",
        ) from error
    # These CAs themselves are the trust anchors: the root's others vouch for no API client.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def unrevoked_peers(
    revoked: Callable[[], frozenset[int]], peers: PeerCertificate = peer_certificate
) -> PeerCertificate:
    """As ``peers``, which TLS has verified, with the CRL of the last ceremony held against it.

    It is done here and not by OpenSSL, so that a CRL past its nextUpdate does not stop an
    administrator from blocking a card.
    """

    def unrevoked(request: web.Request) -> bytes | None:
        """The client certificate.

        Raises:
            Forbidden: it was revoked.
        """
        certificate = peers(request)
        if (
            certificate is not None
            and read_certificate(certificate).content.serial.value in revoked()
        ):
            raise Forbidden(
                message="the client certificate was revoked",
                next_step="have a new one made at the next ceremony, and registered",
            )
        return certificate

    return unrevoked
