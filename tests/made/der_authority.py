"""A CA made of our own DER, in files that foreign programs read."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)

from pki.der import extensions, oids
from pki.der.certificate import (
    Certificate,
    CertificateContent,
    encode_tbs_certificate,
    read_certificate,
)
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import Attribute, DistinguishedName
from pki.der.signed import assemble
from pki.der.spki import key_identifier
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.uzi import PassType, UziName
from pki.ports import SystemClock

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NOW = SystemClock().now().replace(microsecond=0)
CARD, SECOND, THIRD = (SerialNumber((1 << 158) + number) for number in (1, 2, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CA with files that other programs read."""

    key: Key
    algorithm: SignatureAlgorithm
    name: DistinguishedName
    folder: Path
    certificate: Certificate
    card: Certificate

    @property
    def public_key(self) -> bytes:
        return spki(self.key)


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def utf8(oid: str, text: str) -> Attribute:
    return Attribute(oid=oid, text=text)


COUNTRY = Attribute(oid=oids.COUNTRY, text="NL", printable=True)
CA_NAME = DistinguishedName.of(
    COUNTRY, utf8(oids.ORGANISATION, "Oefen"), utf8(oids.COMMON_NAME, "CA")
)
CARD_NAME = DistinguishedName.of(
    COUNTRY,
    utf8(oids.ORGANISATION, "Tést Zorginstelling 03"),
    utf8(oids.SURNAME, "van 't Voorbeeld"),
    utf8(oids.GIVEN_NAME, "Zoë"),
    Attribute(oid=oids.SERIAL_NUMBER, text="900021219", printable=True),
    utf8(oids.COMMON_NAME, "Zoë van 't Voorbeeld"),
)
UZI = UziName(
    oid_ca="2.16.528.1.1007.99.218",
    uzi_number=UziNumber("900021219"),
    pass_type=PassType.MEDEWERKER_OP_NAAM,
    ura=Ura("90000382"),
)


def extension(oid: str, value: bytes, *, critical: bool = False) -> Extension:
    return Extension(oid=oid, critical=critical, value=value)


def ca_extensions(key: Key) -> tuple[Extension, ...]:
    constraints = extensions.basic_constraints(BasicConstraints(ca=True, path_length=0))
    usage = extensions.key_usage([KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN])
    return (
        extension(oids.BASIC_CONSTRAINTS, constraints, critical=True),
        extension(oids.KEY_USAGE, usage, critical=True),
        extension(oids.SUBJECT_KEY_ID, extensions.subject_key_id(key_identifier(spki(key)))),
    )


def card_extensions(ca: Key, key: Key) -> tuple[Extension, ...]:
    policy = Policy(oid="1.3.6.1.4.1.99999.1", cps_uri="http://cps.example/", notice="Oefening")
    info = AuthorityInfo(ocsp=("http://o.example/ocsp",), ca_issuers=("http://i.example/ca.cer",))
    usages = [oids.EKU_CLIENT_AUTH, oids.EKU_DOCUMENT_SIGNING]
    return (
        extension(
            oids.BASIC_CONSTRAINTS,
            extensions.basic_constraints(BasicConstraints(ca=False)),
            critical=True,
        ),
        extension(
            oids.KEY_USAGE, extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE]), critical=True
        ),
        extension(oids.EXTENDED_KEY_USAGE, extensions.extended_key_usage(usages)),
        extension(oids.SUBJECT_ALT_NAME, encode_subject_alt_name(UZI)),
        extension(oids.CERTIFICATE_POLICIES, extensions.certificate_policies([policy])),
        extension(oids.AUTHORITY_INFO_ACCESS, extensions.authority_info_access(info)),
        extension(
            oids.CRL_DISTRIBUTION_POINTS,
            extensions.crl_distribution_points(["http://c.example/ca.crl"]),
        ),
        extension(oids.AUTHORITY_KEY_ID, extensions.authority_key_id(key_identifier(spki(ca)))),
        extension(oids.SUBJECT_KEY_ID, extensions.subject_key_id(key_identifier(spki(key)))),
    )


def certify(
    ca: Key, key: Key, serial: SerialNumber, subject: DistinguishedName, until: datetime
) -> Certificate:
    is_rsa = isinstance(ca, rsa.RSAPrivateKey)
    algorithm = SignatureAlgorithm.SHA256_RSA if is_rsa else SignatureAlgorithm.ECDSA_SHA256
    content = CertificateContent(
        serial=serial,
        issuer_der=CA_NAME.der,
        subject_der=subject.der,
        not_before=NOW - timedelta(days=1),
        not_after=until,
        public_key=spki(key),
        algorithm=algorithm,
        extensions=ca_extensions(ca) if key is ca else card_extensions(ca, key),
    )
    tbs = encode_tbs_certificate(content)
    return read_certificate(assemble(tbs, algorithm, sign(ca, tbs)))


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
