"""The second 23:59:60 is never accepted, and never written; local time never counts.

RFC 5280 4.1.2.5 has seconds 00 to 59 in both forms of time (X.680 46 and 47 take them from there).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from issuance.statement.at import read_moment
from made.der_samples import KEY
from pki.der.certificate import read_certificate
from pki.der.crl import read_crl
from pki.der.ocsp import read_response
from pki.domain.errors import Malformed
from pki.domain.event_codec import decode_time, encode_time

LAST = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def certificate() -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).serial_number(1)
    builder = builder.not_valid_before(LAST - timedelta(days=1, hours=1)).not_valid_after(LAST)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    return builder.public_key(KEY.public_key()).sign(KEY, hashes.SHA256())


def crl() -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(NAME)
    builder = builder.last_update(LAST).next_update(LAST + timedelta(hours=1))
    numbered = builder.add_extension(x509.CRLNumber(1), critical=False)
    return numbered.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def answer() -> bytes:
    responder = certificate()
    builder = ocsp.OCSPResponseBuilder().responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    builder = builder.add_response(
        cert=responder,
        issuer=responder,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=LAST,
        next_update=LAST + timedelta(minutes=15),
        revocation_time=None,
        revocation_reason=None,
    )
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("read", "der"),
    [
        (read_certificate, certificate().public_bytes(Encoding.DER)),
        (read_crl, crl()),
        (read_response, answer()),
    ],
    ids=["certificate", "crl", "ocsp"],
)
def test_a_leap_second_is_no_time(read: Callable[[bytes], object], der: bytes) -> None:
    read(der)
    assert b"235959Z" in der
    with pytest.raises(Malformed):
        read(der.replace(b"235959Z", b"235960Z"))


@pytest.mark.parametrize("read", [decode_time, read_moment])
@pytest.mark.parametrize("second", ["60", "61"])
def test_nor_is_it_one_as_text(read: Callable[[str], datetime], second: str) -> None:
    text = "2026-12-31T23:59:{}.000000Z"
    assert read(text.format("59")) == LAST
    with pytest.raises(Malformed):
        read(text.format(second))


def test_after_the_last_second_comes_the_next_day() -> None:
    assert encode_time(LAST + timedelta(microseconds=999_999)) == "2026-12-31T23:59:59.999999Z"
    assert encode_time(LAST + timedelta(seconds=1)) == "2027-01-01T00:00:00.000000Z"


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=AMSTERDAM)
    assert encode_time(first) == "2026-10-25T00:30:00.000000Z"
    assert encode_time(first.replace(fold=1)) == "2026-10-25T01:30:00.000000Z"


def test_the_hour_that_never_comes_is_a_moment_all_the_same() -> None:
    missing = datetime(2026, 3, 29, 2, 30, tzinfo=AMSTERDAM)
    assert encode_time(missing) == "2026-03-29T01:30:00.000000Z"
