"""What a plan makes, given keys: certificates and CRLs, prepared, linted, signed, read back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ca.ceremony.describe import Fields, shape, tbs_fields
from ca.ceremony.plan import NewCrl
from ca.ceremony.reading import invalid
from ca.issuer import Issuer, subject_name
from ca.lint import PLACEHOLDER_SIGNATURE
from ca.practice import Moment, SigningCa, make_root, make_subordinate, prepare_crl
from ca.prepare import Prepared, Request, prepare
from ca.profile import CertificateKind, Profile
from pki.der.certificate import read_certificate
from pki.der.crl import Crl, read_crl
from pki.der.pkcs10 import encode_pkcs10_info
from pki.der.signed import assemble
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.ports import Signer

ThrowAway = Callable[[KeyType], Signer]
"""Makes a key that is forgotten after the rehearsal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What will be, by what it is called; every one of them passed the lint."""

    parts: Mapping[str, Fields]

    @property
    def shapes(self) -> dict[str, str]:
        """One digest a part, which the real thing must have as well."""
        return {name: shape(fields) for name, fields in self.parts.items()}


def profile_of(profiles: Mapping[str, Profile], name: str) -> Profile:
    """A profile that the plan names.

    Raises:
        ConfigurationInvalid: there is none of this name.
    """
    try:
        return profiles[name]
    except KeyError:
        raise invalid("profile", f"there is no profile {name}") from None


def issuer_profile(profiles: Mapping[str, Profile], certificate: bytes) -> Profile:
    """The CA profile that this certificate was made by, found by its subject.

    Raises:
        ConfigurationInvalid: no profile has that subject: the plan's [ca] names another operator.
    """
    wanted = read_certificate(certificate).content.subject_der
    for profile in profiles.values():
        is_ca = profile.kind in {CertificateKind.ROOT, CertificateKind.ISSUING_CA}
        if is_ca and subject_name(profile.subject, {}).der == wanted:
            return profile
    raise invalid("ca.operator", "the issuer's certificate has another name than its profile")


def prepare_root(profile: Profile, signer: Signer, moment: Moment) -> Prepared:
    """A root certificate for this key, linted.

    Raises:
        KeyRejected, LintFailed, …: as `ca.prepare.prepare`.
    """
    issuer = Issuer.of_new_root(profile, public_key=signer.public_key, algorithm=signer.algorithm)
    request = Request(public_key=signer.public_key)
    return prepare(request, profile=profile, issuer=issuer, now=moment.now, entropy=moment.entropy)


def prepare_certificate(
    profile: Profile, public_key: bytes, issuer: Issuer, moment: Moment
) -> Prepared:
    """A certificate for this key under an issuer, linted.

    Raises:
        KeyRejected, Refused, LintFailed, …: as `ca.prepare.prepare`.
    """
    request = Request(public_key=public_key)
    return prepare(request, profile=profile, issuer=issuer, now=moment.now, entropy=moment.entropy)


def prepared_fields(prepared: Prepared, algorithm: SignatureAlgorithm) -> Fields:
    """What people read of it."""
    return tbs_fields(prepared.tbs, algorithm)


def prepare_plan_crl(crl: NewCrl, issuer: Issuer, moment: Moment) -> bytes:
    """The TBSCertList of the plan.

    Raises:
        ConfigurationInvalid: it would outlive the CA.
    """
    return prepare_crl(
        issuer,
        number=crl.number,
        now=moment.now,
        lifetime=timedelta(days=crl.days),
        revoked=crl.entries,
    )


def unsigned_crl(tbs: bytes, algorithm: SignatureAlgorithm) -> Crl:
    """The CRL that these bytes will be, read back under a placeholder signature."""
    return read_crl(assemble(tbs, algorithm, PLACEHOLDER_SIGNATURE))


async def sign_request(profile: Profile, signer: Signer) -> bytes:
    """A PKCS#10 request (DER) with the profile's subject, signed by the key that it is for."""
    info = encode_pkcs10_info(subject_name(profile.subject, {}).der, signer.public_key)
    return assemble(info, signer.algorithm, await signer.sign(info))


async def throw_away_ca(
    profile: Profile, profiles: Mapping[str, Profile], throw_away: ThrowAway, moment: Moment
) -> SigningCa:
    """A CA like the profile's, under throw-away issuers up to a root."""
    signer = throw_away(profile.key.types[-1])
    if profile.kind is CertificateKind.ROOT:
        return await make_root(profile, signer=signer, moment=moment)
    above = await throw_away_ca(profiles[profile.issuer], profiles, throw_away, moment)
    return await make_subordinate(profile, signer=signer, root=above, moment=moment)
