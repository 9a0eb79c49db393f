"""Certificates that the library does not read, and says so by errors that are no ValueError."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from card_writer.pass_certificate import is_authenticity
from pki.domain.errors import Malformed
from pki.observe.crl import read_crl
from pki.trust.path import read_pass_certificate

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ec.derive_private_key(7, ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
OF_A_DIRECTORY = x509.UnrecognizedExtension(
    # GeneralNames with one x400Address, [3]
    x509.ObjectIdentifier("2.5.29.17"),
    bytes.fromhex("3003a30130"),
)


def certificate(*extensions: x509.ExtensionType) -> bytes:
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 7, AT, AT + timedelta(days=1))
    for each in extensions:
        builder = builder.add_extension(each, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def other_version() -> bytes:
    """Version 2, of which RFC 5280 4.1.2.1 knows and this library does not."""
    der = certificate(x509.BasicConstraints(ca=False, path_length=None))
    v3 = bytes.fromhex("a003020102")
    assert der.count(v3) == 1
    return der.replace(v3, bytes.fromhex("a003020101"))


def twice() -> bytes:
    """One extension twice, which RFC 5280 4.2 forbids."""
    first, second = x509.ObjectIdentifier("1.2.3.4"), x509.ObjectIdentifier("1.2.3.5")
    extensions = [x509.UnrecognizedExtension(each, b"\x05\x00") for each in (first, second)]
    der = certificate(*extensions)
    return der.replace(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"))


UNREADABLE = [other_version(), twice(), certificate(OF_A_DIRECTORY)]


@pytest.mark.parametrize("der", UNREADABLE, ids=["version", "twice", "name"])
def test_it_is_malformed_and_no_defect(der: bytes) -> None:
    with pytest.raises(Malformed):
        read_pass_certificate(der)
    assert not is_authenticity(der)


def test_what_can_be_read_is() -> None:
    """So that the others are refused for what is wrong with them."""
    usual = x509.SubjectAlternativeName([x509.DNSName("a.example")])
    assert read_pass_certificate(certificate(usual)).serial_number == 7


def test_a_crl_of_another_version_is_malformed() -> None:
    builder = x509.CertificateRevocationListBuilder(NAME, AT, AT + timedelta(days=1))
    crl = builder.add_extension(x509.CRLNumber(1), critical=False).sign(KEY, hashes.SHA256())
    der = crl.public_bytes(Encoding.DER)
    tbs = crl.tbs_certlist_bytes
    version = tbs.index(b"\x02\x01\x01")
    changed = tbs[: version + 2] + b"\x07" + tbs[version + 3 :]
    with pytest.raises(Malformed):
        read_crl(der.replace(tbs, changed), certificate())
