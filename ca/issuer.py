"""Who signs: what a CA's own certificate and key give to every certificate under it."""

from dataclasses import dataclass
from typing import Final, Self

from ca.profile import CertificateKind, NameField, Profile, SubjectRule
from ca.validity import Window
from pki.der import oids
from pki.der.certificate import read_certificate
from pki.der.names import Attribute, DistinguishedName
from pki.der.spki import key_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, KeyMismatch, Malformed

NAME_OIDS: Final = {
    NameField.COUNTRY: oids.COUNTRY,
    NameField.ORGANISATION: oids.ORGANISATION,
    NameField.SURNAME: oids.SURNAME,
    NameField.GIVEN_NAMES: oids.GIVEN_NAME,
    NameField.SERIAL_NUMBER: oids.SERIAL_NUMBER,
    NameField.COMMON_NAME: oids.COMMON_NAME,
}
PRINTABLE_FIELDS: Final = frozenset({NameField.COUNTRY, NameField.SERIAL_NUMBER})
"""PrintableString (RFC 5280 A.1); every other attribute is a UTF8String, as in a UZI pass."""

UPPER_BOUNDS: Final = {
    NameField.ORGANISATION: 64,
    NameField.SERIAL_NUMBER: 64,
    NameField.COMMON_NAME: 64,
}
"""ub-organization-name, ub-serial-number, ub-common-name (RFC 5280 A.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """``window`` is the life of its certificate; None for a root that is being made."""

    profile: Profile
    name_der: bytes
    public_key: bytes
    algorithm: SignatureAlgorithm
    window: Window | None

    @property
    def key_id(self) -> bytes:
        """Its SKI, and the AKI of what it signs."""
        return key_identifier(self.public_key)

    @classmethod
    def of_certificate(cls, der: bytes, *, profile: Profile, algorithm: SignatureAlgorithm) -> Self:
        """A CA that exists.

        Raises:
            Malformed: not a certificate.
            KeyMismatch: it was not made by this profile: not a CA, or another name.
        """
        certificate = read_certificate(der)
        content = certificate.content
        constraints = certificate.basic_constraints
        if constraints is None or not constraints.ca:
            raise _not_made_by(profile, "is not a CA certificate")
        if content.subject_der != subject_name(profile.subject, {}).der:
            raise _not_made_by(profile, "has another name")
        return cls(
            profile=profile,
            name_der=content.subject_der,
            public_key=content.public_key,
            algorithm=algorithm,
            window=Window(not_before=content.not_before, not_after=content.not_after),
        )

    @classmethod
    def of_new_root(
        cls, profile: Profile, *, public_key: bytes, algorithm: SignatureAlgorithm
    ) -> Self:
        """A root that is about to sign itself."""
        return cls(
            profile=profile,
            name_der=subject_name(profile.subject, {}).der,
            public_key=public_key,
            algorithm=algorithm,
            window=None,
        )

    def refuse_unless_issues(self, profile: Profile) -> None:
        """One CA signs one set of kinds, with algorithms that the profile allows.

        Raises:
            ConfigurationInvalid: not a profile of this CA, or signed with another algorithm.
        """
        itself = profile == self.profile and profile.kind is CertificateKind.ROOT
        issues = self.profile.issues
        if self.profile.kind is CertificateKind.ROOT:
            issues = (*issues, CertificateKind.LINK)
        if not itself and (profile.issuer != self.profile.name or profile.kind not in issues):
            raise ConfigurationInvalid(
                key=f"{self.profile.name}.issues",
                message=f"{self.profile.name} does not issue {profile.kind.value} certificates",
                next_step="ask the CA that issues them",
            )
        if self.algorithm not in profile.signatures:
            raise ConfigurationInvalid(
                key=f"{profile.name}.signatures",
                message=f"{profile.name} may not be signed with {self.algorithm.value}",
                next_step="use an issuing key of another type",
            )


def subject_name(rule: SubjectRule, given: dict[NameField, str]) -> DistinguishedName:
    """The subject in the profile's order; ``given`` holds exactly what the profile leaves open.

    Raises:
        Malformed: an attribute is missing, not asked for, too long, or not of its string type.
    """
    if set(given) != set(rule.order) - set(rule.fixed):
        raise Malformed(what="subject", message="not the attributes that the profile leaves open")
    texts = {**given, **rule.fixed}
    for name, limit in UPPER_BOUNDS.items():
        if len(texts.get(name, "")) > limit:
            raise Malformed(
                what="subject", message=f"{name.value} is longer than {limit} characters"
            )
    return DistinguishedName.of(
        *(
            Attribute(oid=NAME_OIDS[name], text=texts[name], printable=name in PRINTABLE_FIELDS)
            for name in rule.order
        )
    )


def _not_made_by(profile: Profile, why: str) -> KeyMismatch:
    return KeyMismatch(
        message=f"the certificate given for {profile.name} {why}",
        next_step="compare the certificate file with the profile and the operator's name",
    )
