"""Entries of a CRL that say since when a key is compromised (RFC 5280 5.3.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import few, issued_serials, reasons, whole_moments
from pki.der import codec
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl, read_crl, read_entries
from pki.der.signed import assemble
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def crl_of(*entries: bytes) -> bytes:
    content = CrlContent(
        issuer_der=codec.sequence(),
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        this_update=AT,
        next_update=AT,
        number=1,
        authority_key_id=b"k" * 20,
        entries=entries,
    )
    return assemble(encode_tbs_crl(content), SignatureAlgorithm.ECDSA_SHA256, b"signature")


@few
@given(
    st.dictionaries(issued_serials, st.tuples(whole_moments, reasons, whole_moments), max_size=4)
)
def test_another_library_reads_since_when_a_key_is_compromised(
    listed: Mapping[SerialNumber, tuple[datetime, RevocationReason | None, datetime]],
) -> None:
    entries = [encode_entry(serial, *listed[serial]) for serial in sorted(listed)]
    der = crl_of(*entries)
    for theirs in x509.load_der_x509_crl(der):
        at, reason, since = listed[SerialNumber(theirs.serial_number)]
        date = theirs.extensions.get_extension_for_class(x509.InvalidityDate)
        assert (theirs.revocation_date_utc, date.value.invalidity_date_utc) == (at, since)
        assert not date.critical
        assert len(theirs.extensions) == (1 if reason is None else 2)
    assert read_crl(der).entries == {
        serial.value: (at, reason) for serial, (at, reason, _) in listed.items()
    }


@pytest.mark.parametrize("reason", [None, RevocationReason.KEY_COMPROMISE])
def test_entries_with_and_without_it_are_read_together(reason: RevocationReason | None) -> None:
    serials = [SerialNumber((1 << 158) + number) for number in range(3)]
    entries = b"".join(
        encode_entry(serial, AT, reason, AT if number == 1 else None)
        for number, serial in enumerate(serials)
    )
    assert read_entries(entries) == {serial.value: (AT, reason) for serial in serials}
    with pytest.raises(Malformed):
        read_entries(entries[:-1])
