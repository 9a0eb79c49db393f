"""Genuine certificates and CRLs of the UZI register, and mocks that must never pass."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.der import oids
from pki.der.certificate import encode_tbs_certificate, read_certificate
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl, read_crl
from pki.der.extensions import KeyUsage
from pki.der.names import read_name
from pki.der.spki import key_identifier
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.uzi import PassType

FOLDER = Path(__file__).parents[2].parent / "shared" / "uzi-certs"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the genuine certificates are not at {FOLDER}"
)


def der_of(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


CERTIFICATES = [path for path in sorted(FOLDER.glob("*/*")) if path.suffix in {".pem", ".cert"}]
CRLS = sorted(FOLDER.glob("*/*.crl"))


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.name)
def test_every_certificate_comes_back_byte_for_byte(path: Path) -> None:
    certificate = read_certificate(der_of(path))
    assert encode_tbs_certificate(certificate.content) == certificate.tbs
    assert certificate.subject.der == certificate.content.subject_der
    assert certificate.issuer.der == certificate.content.issuer_der
    assert certificate.subject_key_id == key_identifier(certificate.content.public_key)


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.name)
def test_another_library_reads_the_same(path: Path) -> None:
    foreign = x509.load_pem_x509_certificate(path.read_bytes())
    content = read_certificate(der_of(path)).content
    assert content.serial.value == foreign.serial_number
    assert content.not_before == foreign.not_valid_before_utc
    assert content.not_after == foreign.not_valid_after_utc
    assert [each.oid for each in content.extensions] == [
        each.oid.dotted_string for each in foreign.extensions
    ]


@pytest.mark.parametrize("path", CRLS, ids=lambda path: path.name)
def test_every_crl_is_read_as_another_library_reads_it(path: Path) -> None:
    foreign = x509.load_der_x509_crl(path.read_bytes())
    crl = read_crl(path.read_bytes())
    assert crl.entries == {each.serial_number: (each.revocation_date_utc, None) for each in foreign}
    assert crl.this_update == foreign.last_update_utc
    assert crl.next_update == foreign.next_update_utc
    assert crl.number == foreign.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_the_crl_of_named_employees_comes_back_byte_for_byte() -> None:
    (path,) = (each for each in CRLS if "medewerker" in each.name)
    crl = read_crl(path.read_bytes())
    assert (crl.number, len(crl.entries)) == (31730, 60)
    assert crl.this_update == datetime(2020, 10, 27, 10, 0, 20, tzinfo=UTC)
    assert crl.expired_certs_on_crl is not None
    assert crl.authority_key_id is not None
    written = encode_tbs_crl(
        CrlContent(
            issuer_der=crl.issuer_der,
            algorithm=crl.algorithm,
            this_update=crl.this_update,
            next_update=crl.next_update,
            number=crl.number,
            authority_key_id=crl.authority_key_id,
            entries=[
                encode_entry(SerialNumber(number), *entry) for number, entry in crl.entries.items()
            ],
            expired_certs_on_crl=crl.expired_certs_on_crl,
        )
    )
    assert written == crl.tbs


def test_the_pass_of_2024_is_read_whole() -> None:
    path = FOLDER / "test-register" / "ee_Z_authenticiteit_900030757_2024.pem"
    certificate = read_certificate(der_of(path))
    assert [(each.oid, each.text, each.printable) for each in certificate.subject.rdns] == [
        (oids.COUNTRY, "NL", True),
        (oids.ORGANISATION, "Tést Zorginstelling 01", False),
        (oids.TITLE, "Huisarts", False),
        (oids.SURNAME, "test-90023422", False),
        (oids.GIVEN_NAME, "Jan", False),
        (oids.SERIAL_NUMBER, "900030757", True),
        (oids.COMMON_NAME, "Jan test-90023422", False),
    ]
    assert certificate.key_usage == frozenset({KeyUsage.DIGITAL_SIGNATURE})
    assert certificate.extended_key_usage == (oids.EKU_CLIENT_AUTH, oids.EKU_DOCUMENT_SIGNING)
    assert certificate.policies is not None
    assert [each.oid for each in certificate.policies] == [
        "2.16.528.1.1007.99.211",
        "2.16.528.1.1007.99.2042",
    ]
    assert certificate.authority_info is not None
    assert certificate.authority_info.ocsp == ("http://ocsp.uzi-register-test.nl",)
    assert certificate.crl_urls == (
        "http://www.uzi-register-test.nl/cdp/test_uzi-register_zorgverlener_ca_g3.crl",
    )
    san = certificate.extension(oids.SUBJECT_ALT_NAME)
    assert san is not None
    name = read_subject_alt_name(san.value).name
    assert (name.pass_type, name.role) == (PassType.ZORGVERLENER, "01.015")
    (number,) = read_name(certificate.content.subject_der).values(oids.SERIAL_NUMBER)
    assert number.text == name.uzi_number.value


@pytest.mark.parametrize(
    ("mock", "reason"),
    [
        ("mock-003-valid-san.cert", "no name of type 2.5.5.5"),
        ("mock-011-correct.cert", "UZI number has a wrong form"),
        ("mock-020-incorrect-oidca.cert", "OID CA has a wrong form"),
    ],
)
def test_mocks_are_refused_each_with_its_reason(mock: str, reason: str) -> None:
    san = read_certificate(der_of(FOLDER / "mock" / mock)).extension(oids.SUBJECT_ALT_NAME)
    assert san is not None
    with pytest.raises(Malformed, match=reason):
        read_subject_alt_name(san.value)


def test_the_mock_without_alternative_name_has_none() -> None:
    certificate = read_certificate(der_of(FOLDER / "mock" / "mock-001-no-rnd.cert"))
    assert certificate.extension(oids.SUBJECT_ALT_NAME) is None
