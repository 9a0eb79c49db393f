from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from directories.material import START, TestCa, make_ca, published_crl
from pki.domain.errors import Malformed, SignatureBroken
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import OnHold, Revoked
from pki.observe.crl import read_crl

CA = make_ca()
LATER = START + timedelta(hours=1)


def revoked(serial: int, reason: x509.ReasonFlags | None = None) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(LATER)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()


def test_it_says_what_the_crl_says() -> None:
    flags = x509.ReasonFlags
    entries = [
        revoked(1, flags.certificate_hold),
        revoked(2, flags.key_compromise),
        revoked(3),
        revoked(4, flags.aa_compromise),
    ]
    crl = published_crl(CA, 12, entries)
    view = read_crl(crl.der, CA.der)
    assert (view.number, view.entries, view.octets) == (12, 4, len(crl.der))
    assert (view.this_update, view.next_update) == (crl.this_update, crl.next_update)
    assert view.lookup(SerialNumber(1)) == OnHold(since=LATER)
    assert view.lookup(SerialNumber(2)) == Revoked(at=LATER, reason=RevocationReason.KEY_COMPROMISE)
    assert view.lookup(SerialNumber(3)) == Revoked(at=LATER, reason=None)
    assert view.lookup(SerialNumber(4)) == Revoked(at=LATER, reason=None)
    assert view.lookup(SerialNumber(5)) is None


def test_it_is_current_until_its_next_update() -> None:
    view = read_crl(published_crl(CA, 1).der, CA.der)
    assert view.is_current(START)
    assert view.is_current(START + timedelta(hours=48))
    assert not view.is_current(START - timedelta(seconds=1))
    assert not view.is_current(START + timedelta(hours=48, seconds=1))


def test_another_issuers_crl_is_not_believed() -> None:
    with pytest.raises(SignatureBroken, match="another issuer"):
        read_crl(published_crl(CA, 1).der, make_ca("Other").der)


def test_a_namesakes_crl_is_not_believed() -> None:
    namesake: TestCa = make_ca()
    with pytest.raises(SignatureBroken, match="does not verify"):
        read_crl(published_crl(namesake, 1).der, CA.der)


def test_a_changed_crl_is_not_believed() -> None:
    der = bytearray(published_crl(CA, 1, [revoked(1)]).der)
    der[-1] ^= 1
    with pytest.raises((SignatureBroken, Malformed)):
        read_crl(bytes(der), CA.der)


@given(st.binary(max_size=200))
def test_arbitrary_octets_are_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read_crl(octets, CA.der)
