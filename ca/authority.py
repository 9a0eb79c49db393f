"""The CAs that certify people, as the registration authority sees them; they keep nothing."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate

from ca.issuer import Issuer
from ca.key_policy import check_key
from ca.lint import PLACEHOLDER_SIGNATURE, Linted, check_tbs
from ca.prepare import Prepared, Request, prepare
from ca.profile import CertificateKind, NameField, Profile
from ca.settings import CaSettings
from ca.sign import sign_certificate
from ca.validity import window
from pki.der import oids
from pki.der.certificate import read_certificate
from pki.der.signed import assemble
from pki.domain.errors import ConfigurationInvalid, KeyMismatch, KeyRejected, NotFound, Refused
from pki.domain.identifiers import IssuerId
from pki.domain.people import Person
from pki.domain.reasons import RefusalReason
from pki.domain.records import PassHolder
from pki.ports import Entropy, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityProfiles:
    """The CA's own profile and the two kinds of certificate that it signs.

    ``person`` is for people: in a smartcard, or (kind `mobiel`) in a telephone.
    """

    ca: Profile
    person: Profile
    responder: Profile

    def __post_init__(self) -> None:
        """Refuse profiles in each other's place.

        Raises:
            ConfigurationInvalid: a profile is of another kind.
        """
        wanted = {
            "ca": (self.ca, [CertificateKind.ISSUING_CA]),
            "person": (self.person, [CertificateKind.CARD, CertificateKind.MOBIEL]),
            "responder": (self.responder, [CertificateKind.OCSP_RESPONDER]),
        }
        for place, (profile, kinds) in wanted.items():
            if profile.kind not in kinds:
                raise ConfigurationInvalid(
                    key=f"profiles.{place}",
                    message=f"{profile.name} is no {kinds[0].value} profile",
                    next_step=f"name a profile of kind {kinds[0].value}",
                )


class KnownKeys(Protocol):
    """Keys whose private halves are known to others."""

    def lists(self, public_key: bytes, /) -> bool:
        """Whether this sound key (DER SubjectPublicKeyInfo) is one of them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationAuthority:
    """One generation of a CA that certifies people and its OCSP responders; made by `open`.

    ``chain`` holds DER certificates, its own first, the root's last.
    """

    issuer: IssuerId
    chain: tuple[bytes, ...]
    signer: Signer
    profiles: AuthorityProfiles
    settings: CaSettings
    entropy: Entropy
    identity: Issuer
    known_keys: KnownKeys | None = None
    linted: Linted = field(default_factory=Linted, repr=False, compare=False)

    @classmethod
    def open(
        cls,
        issuer: IssuerId,
        *,
        chain: tuple[bytes, ...],
        signer: Signer,
        profiles: AuthorityProfiles,
        settings: CaSettings,
        entropy: Entropy,
    ) -> Self:
        """A CA whose certificate, key, profile and chain belong together.

        Raises:
            KeyMismatch: they do not.
            ConfigurationInvalid: the key signs with an algorithm that a profile does not allow.
            Malformed: a certificate cannot be read.
        """
        _check_chain(chain)
        identity = Issuer.of_certificate(chain[0], profile=profiles.ca, algorithm=signer.algorithm)
        if identity.public_key != signer.public_key:
            raise KeyMismatch(
                message=f"the key of {issuer} does not belong to its certificate",
                next_step="compare the key file with the certificate file",
            )
        for profile in (profiles.person, profiles.responder):
            identity.refuse_unless_issues(profile)
        return cls(
            issuer=issuer,
            chain=chain,
            signer=signer,
            profiles=profiles,
            settings=settings,
            entropy=entropy,
            identity=identity,
        )

    @property
    def certificate(self) -> bytes:
        """The CA's own certificate, DER."""
        return self.chain[0]

    def can_issue(self, now: datetime) -> bool:
        """Whether the whole life of a certificate, from now, lies within this CA's own."""
        own, rule = self.identity.window, self.profiles.person.validity
        wanted = window(now=now, period=rule.period, backdate_seconds=rule.backdate_seconds)
        return (
            own is not None
            and own.not_before <= wanted.not_before
            and wanted.not_after <= own.not_after
        )

    def check_key(self, public_key: bytes, /) -> None:
        """Judge the DER SubjectPublicKeyInfo of a card or telephone.

        Raises:
            KeyRejected: weak, or of a type that the profile does not allow.
        """
        rule = self.profiles.person.key
        check_key(public_key, allowed=frozenset(rule.types), exponent=rule.rsa_exponent)
        self._refuse_known(public_key)

    def prepare_card(self, holder: PassHolder, public_key: bytes, now: datetime, /) -> Prepared:
        """The authentication certificate of a card, with the names and numbers of the UZI pass.

        Raises:
            KeyRejected, Malformed, Refused, LintFailed: as `ca.prepare.prepare`; Refused with
                ISSUING_STOPPED when less than a card's life remains of this CA's.
        """
        names = {
            NameField.ORGANISATION: holder.organisation_name,
            NameField.SURNAME: holder.name.surname,
            NameField.GIVEN_NAMES: holder.name.given_names,
            NameField.SERIAL_NUMBER: holder.uzi_name.uzi_number.value,
            NameField.COMMON_NAME: holder.name.common_name,
        }
        oid_ca = self.settings.oid_ca_for(holder.uzi_name.oid_ca)
        uzi_name = holder.uzi_name
        if oid_ca != uzi_name.oid_ca:
            uzi_name = replace(uzi_name, oid_ca=oid_ca)
        request = Request(subject=names, public_key=public_key, uzi_name=uzi_name)
        return self._prepared(request, self.profiles.person, now)

    def prepare_mobiel(self, person: Person, public_key: bytes, now: datetime, /) -> Prepared:
        """The certificate of a person's telephone, with their number and name as we have them.

        Raises:
            KeyRejected, Malformed, Refused, LintFailed: as `prepare_card`.
        """
        names = {
            NameField.SERIAL_NUMBER: person.uzi_number.value,
            NameField.COMMON_NAME: person.name.common_name,
        }
        return self._prepared(
            Request(subject=names, public_key=public_key), self.profiles.person, now
        )

    def prepare_responder(self, public_key: bytes, now: datetime, /) -> Prepared:
        """A delegated OCSP responder certificate; shortened when this CA ends sooner.

        Raises:
            KeyRejected, Refused, LintFailed: as `ca.prepare.prepare`.
        """
        return self._prepared(Request(public_key=public_key), self.profiles.responder, now)

    async def sign(self, tbs: bytes, /) -> bytes:
        """Sign linted bytes; the result was read back, compared and verified.

        What this object did not prepare itself, or has signed before, is linted now.

        Raises:
            LintFailed: no certificate that this CA signs; nothing was signed.
            SignatureBroken: what came back does not verify; nothing was released.
            SignerUnavailable, SignerBusy: the key cannot be used now.
        """
        if not self.linted.take(tbs, (self.profiles.person, self.profiles.responder)):
            check_tbs(tbs, profile=self._profile_of(tbs), issuer=self.identity)
        return await sign_certificate(tbs, signer=self.signer, issuer_certificate=self.certificate)

    def _prepared(self, request: Request, profile: Profile, now: datetime) -> Prepared:
        prepared = prepare(
            request, profile=profile, issuer=self.identity, now=now, entropy=self.entropy
        )
        self._refuse_known(request.public_key)
        self.linted.remember(prepared.tbs, profile)
        return prepared

    def _refuse_known(self, public_key: bytes) -> None:
        if self.known_keys is not None and self.known_keys.lists(public_key):
            raise KeyRejected(
                rule="known key",
                message="public key refused: its private key is in a list of known ones",
                next_step="make a new key pair; examine what made this one",
            )

    def _profile_of(self, tbs: bytes) -> Profile:
        der = assemble(tbs, self.signer.algorithm, PLACEHOLDER_SIGNATURE)
        purposes = read_certificate(der).extended_key_usage or ()
        is_responder = oids.EKU_OCSP_SIGNING in purposes
        return self.profiles.responder if is_responder else self.profiles.person


class Generations:
    """The generations of CAs whose keys are here; which one issues follows from the date.

    ``issues`` names those that may; the others only go on answering for what they issued.
    """

    def __init__(
        self, authorities: Iterable[CertificationAuthority], *, issues: Container[IssuerId]
    ) -> None:
        self._found = {each.issuer: each for each in authorities}
        self._issues = [each for each in self._found.values() if each.issuer in issues]

    @property
    def all(self) -> tuple[CertificationAuthority, ...]:
        """Every one of them."""
        return tuple(self._found.values())

    def issuing(self, now: datetime, /) -> CertificationAuthority:
        """The newest that can issue a card now: before its notBefore the one before it does.

        Raises:
            Refused: ISSUING_STOPPED: none can.
        """
        return self._newest("Token CA", CertificateKind.CARD, now)

    def issuing_mobiel(self, now: datetime, /) -> CertificationAuthority:
        """As `issuing`, for a telephone."""
        return self._newest("Mobiel CA", CertificateKind.MOBIEL, now)

    def _newest(self, ca: str, kind: CertificateKind, now: datetime) -> CertificationAuthority:
        ours = (each for each in self._issues if each.profiles.person.kind is kind)
        able = [each for each in ours if each.can_issue(now)]
        if not able:
            raise Refused(
                reason=RefusalReason.ISSUING_STOPPED,
                message=f"no generation of the {ca} may issue, is valid now and outlives a "
                f"certificate of kind {kind.value}",
                next_step="hold a ceremony for the next generation of this CA and issue from that",
            )
        return max(able, key=_since)

    def of(self, issuer: IssuerId, /) -> CertificationAuthority:
        """The generation of this name.

        Raises:
            NotFound: there is none, or its key is not here.
        """
        found = self._found.get(issuer)
        if found is None:
            raise NotFound(
                what="issuer",
                message=f"no key of a CA generation {issuer} is here",
                next_step="compare [[token_ca]] and [[mobiel_ca]] of both configurations",
            )
        return found


def _since(authority: CertificationAuthority) -> datetime:
    window = authority.identity.window
    return datetime.min.replace(tzinfo=UTC) if window is None else window.not_before


def _check_chain(chain: tuple[bytes, ...]) -> None:
    try:
        certificates = [load_der_x509_certificate(der) for der in chain]
        for lower, upper in pairwise([*certificates, certificates[-1]]):
            lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, IndexError, InvalidSignature) as error:
        raise KeyMismatch(
            message="the CA's certificates do not form a chain that ends in a root",
            next_step="give the CA's own certificate first, then its issuer's, the root's last",
        ) from error
