"""A CA hierarchy from nothing, given its keys: for practice, and the steps of a ceremony.

Pure building over `Signer`s: nothing is stored and no key is made here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ca.issuer import Issuer
from ca.prepare import Prepared, Request, prepare
from ca.profile import NameField, Profile
from ca.sign import sign_certificate, sign_crl
from ca.validity import whole_seconds
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.ports import Entropy, Signer

CEREMONY_CRL: Final = timedelta(days=182)
"""A CRL that is made by ceremony counts for half a year; a new one is due within three months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When, and with which chance, something is made."""

    now: datetime
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningCa:
    """A CA that can sign: its certificate (DER), the profile it was made by, and its key."""

    certificate: bytes
    profile: Profile
    signer: Signer

    @property
    def issuer(self) -> Issuer:
        """What it gives to the certificates under it."""
        return Issuer.of_certificate(
            self.certificate, profile=self.profile, algorithm=self.signer.algorithm
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticePlan:
    """Which keys a practice set has, and for whom; each of a type that its profile allows."""

    root_key: KeyType = KeyType.RSA_4096
    token_ca_key: KeyType = KeyType.RSA_4096
    services_ca_key: KeyType = KeyType.P256
    mobiel_ca_key: KeyType = KeyType.P256
    evidence_key: KeyType = KeyType.P256
    api_key: KeyType = KeyType.P256
    operator_key: KeyType = KeyType.P256
    api_hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeKeys:
    """The keys that the plan names; those that are no CA's as DER SubjectPublicKeyInfo."""

    root: Signer
    token_ca: Signer
    services_ca: Signer
    mobiel_ca: Signer
    evidence: bytes
    api: bytes
    operators: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSet:
    """DER certificates and CRLs; those of Token CA and Mobiel CA are made by the CRL service."""

    root: bytes
    token_ca: bytes
    services_ca: bytes
    mobiel_ca: bytes
    evidence: bytes
    api: bytes
    operators: Mapping[str, bytes]
    root_crl: bytes
    services_crl: bytes


async def make_root(profile: Profile, *, signer: Signer, moment: Moment) -> SigningCa:
    """A self-signed root.

    Raises:
        KeyRejected, LintFailed, SignatureBroken: as `prepare` and `sign_certificate`.
    """
    issuer = Issuer.of_new_root(profile, public_key=signer.public_key, algorithm=signer.algorithm)
    request = Request(public_key=signer.public_key)
    prepared = _prepared(request, profile, issuer, moment)
    der = await sign_certificate(prepared.tbs, signer=signer, issuer_certificate=None)
    return SigningCa(certificate=der, profile=profile, signer=signer)


async def make_subordinate(
    profile: Profile, *, signer: Signer, root: SigningCa, moment: Moment
) -> SigningCa:
    """An issuing CA under ``root``.

    Raises:
        KeyRejected, Refused, LintFailed, SignatureBroken, …: as `issue_end_entity`.
    """
    request = Request(public_key=signer.public_key)
    der = await issue_end_entity(profile, request=request, ca=root, moment=moment)
    return SigningCa(certificate=der, profile=profile, signer=signer)


async def issue_end_entity(
    profile: Profile, *, request: Request, ca: SigningCa, moment: Moment
) -> bytes:
    """One DER certificate of ``ca``, prepared, linted, signed, read back and verified.

    Raises:
        KeyRejected, Malformed, Refused, ConfigurationInvalid, LintFailed: as `ca.prepare.prepare`.
        KeyMismatch, SignatureBroken, SignerUnavailable, SignerBusy: as `ca.sign.sign_certificate`.
    """
    prepared = _prepared(request, profile, ca.issuer, moment)
    return await sign_certificate(prepared.tbs, signer=ca.signer, issuer_certificate=ca.certificate)


def prepare_crl(
    issuer: Issuer,
    *,
    number: int,
    now: datetime,
    lifetime: timedelta = CEREMONY_CRL,
    revoked: Mapping[SerialNumber, tuple[datetime, RevocationReason | None]] | None = None,
) -> bytes:
    """The TBSCertList of a full CRL as a ceremony makes it; see `make_crl`.

    Raises:
        ConfigurationInvalid: the CA's certificate ends before nextUpdate would be reached.
    """
    this_update = whole_seconds(now)
    next_update = this_update + lifetime
    if issuer.window is not None and next_update > issuer.window.not_after:
        raise ConfigurationInvalid(
            key="lifetime",
            message=f"the CRL would outlive {issuer.profile.name}",
            next_step="give the CRL a shorter life",
        )
    listed = sorted((revoked or {}).items())
    content = CrlContent(
        issuer_der=issuer.name_der,
        algorithm=issuer.algorithm,
        this_update=this_update,
        next_update=next_update,
        number=number,
        authority_key_id=issuer.key_id,
        entries=[encode_entry(serial, at, reason) for serial, (at, reason) in listed],
    )
    return encode_tbs_crl(content)


async def make_crl(
    ca: SigningCa,
    *,
    number: int,
    now: datetime,
    lifetime: timedelta = CEREMONY_CRL,
    revoked: Mapping[SerialNumber, tuple[datetime, RevocationReason | None]] | None = None,
) -> bytes:
    """A full CRL as a ceremony makes it, DER; without entries unless ``revoked`` names them.

    Raises:
        ConfigurationInvalid: the CA's certificate ends before nextUpdate would be reached.
        KeyMismatch, SignatureBroken, SignerUnavailable, SignerBusy: as `ca.sign.sign_crl`.
    """
    tbs = prepare_crl(ca.issuer, number=number, now=now, lifetime=lifetime, revoked=revoked)
    return await sign_crl(tbs, signer=ca.signer, issuer_certificate=ca.certificate)


async def make_practice_set(
    plan: PracticePlan, *, keys: PracticeKeys, profiles: Mapping[str, Profile], moment: Moment
) -> PracticeSet:
    """The four CAs, what the Services CA signs at first, the CRLs of root and Services CA.

    Raises:
        ConfigurationInvalid: a profile is missing, or ``keys`` and ``plan`` name other operators.
        KeyRejected, LintFailed, SignatureBroken, …: as `make_root` and `issue_end_entity`.
    """
    if set(plan.operators) != set(keys.operators):
        raise _missing("operators", "the plan and the keys name other operators")
    root = await make_root(_profile(profiles, "root"), signer=keys.root, moment=moment)
    token_ca = await make_subordinate(
        _profile(profiles, "token-ca"), signer=keys.token_ca, root=root, moment=moment
    )
    services = await make_subordinate(
        _profile(profiles, "services-ca"), signer=keys.services_ca, root=root, moment=moment
    )
    mobiel = await make_subordinate(
        _profile(profiles, "mobiel-ca"), signer=keys.mobiel_ca, root=root, moment=moment
    )
    return PracticeSet(
        root=root.certificate,
        token_ca=token_ca.certificate,
        services_ca=services.certificate,
        mobiel_ca=mobiel.certificate,
        evidence=await issue_end_entity(
            _profile(profiles, "evidence"),
            request=Request(public_key=keys.evidence),
            ca=services,
            moment=moment,
        ),
        api=await make_server(
            plan.api_hosts, public_key=keys.api, ca=services, profiles=profiles, moment=moment
        ),
        operators={
            name: await make_client(
                name, public_key=key, ca=services, profiles=profiles, moment=moment
            )
            for name, key in keys.operators.items()
        },
        root_crl=await make_crl(root, number=1, now=moment.now),
        services_crl=await make_crl(services, number=1, now=moment.now),
    )


async def make_server(
    hosts: tuple[str, ...],
    *,
    public_key: bytes,
    ca: SigningCa,
    profiles: Mapping[str, Profile],
    moment: Moment,
) -> bytes:
    """A TLS server certificate of the Services CA; the first of ``hosts`` becomes its CN.

    Raises:
        ConfigurationInvalid, KeyRejected, Malformed, …: as `issue_end_entity`.
    """
    if not hosts:
        raise _missing("api_hosts", "a TLS server needs a name")
    request = Request(subject={NameField.COMMON_NAME: hosts[0]}, public_key=public_key, hosts=hosts)
    profile = _profile(profiles, "tls-server")
    return await issue_end_entity(profile, request=request, ca=ca, moment=moment)


async def make_client(
    name: str, *, public_key: bytes, ca: SigningCa, profiles: Mapping[str, Profile], moment: Moment
) -> bytes:
    """A client certificate of the Services CA; ``name`` becomes its CN.

    Raises:
        ConfigurationInvalid, KeyRejected, Malformed, …: as `issue_end_entity`.
    """
    request = Request(subject={NameField.COMMON_NAME: name}, public_key=public_key)
    profile = _profile(profiles, "tls-client")
    return await issue_end_entity(profile, request=request, ca=ca, moment=moment)


def _prepared(request: Request, profile: Profile, issuer: Issuer, moment: Moment) -> Prepared:
    return prepare(request, profile=profile, issuer=issuer, now=moment.now, entropy=moment.entropy)


def _profile(profiles: Mapping[str, Profile], name: str) -> Profile:
    try:
        return profiles[name]
    except KeyError:
        raise _missing(name, "there is no such profile") from None


def _missing(key: str, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=f"practice.{key}",
        message=f"{key}: {why}",
        next_step="restore the shipped profiles, or correct the plan",
    )
