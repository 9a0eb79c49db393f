"""Small parts of DER against X.690's rules, and against asn1crypto as a second opinion."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import dotted_oids, whole_moments
from pki.der import codec
from pki.domain.errors import Malformed


def reader(der: bytes) -> codec.Reader:
    return codec.Reader(der, "sample")


def test_lengths_take_their_shortest_form() -> None:
    assert codec.octet_string(b"x" * 127)[:2] == b"\x04\x7f"
    assert codec.octet_string(b"x" * 128)[:3] == b"\x04\x81\x80"
    assert codec.octet_string(b"x" * 255)[:3] == b"\x04\x81\xff"
    assert codec.octet_string(b"x" * 256)[:4] == b"\x04\x82\x01\x00"
    assert codec.octet_string(b"x" * 65536)[:5] == b"\x04\x83\x01\x00\x00"


@given(st.integers(-(1 << 170), 1 << 170))
def test_integers_come_back_and_agree_with_another_library(value: int) -> None:
    der = codec.integer(value)
    assert der == core.Integer(value).dump()
    assert reader(der).integer() == value


@given(dotted_oids)
def test_object_identifiers_come_back_and_agree_with_another_library(dotted: str) -> None:
    der = codec.oid(dotted)
    assert der == core.ObjectIdentifier(dotted).dump()
    assert reader(der).oid() == dotted


@given(st.frozensets(st.integers(0, 20)))
def test_named_bits_come_back_without_trailing_zeroes(positions: frozenset[int]) -> None:
    der = codec.named_bits(positions)
    assert reader(der).named_bits() == positions
    assert not positions or der[-1] != 0


@given(whole_moments)
def test_times_come_back(moment: datetime) -> None:
    assert reader(codec.time(moment)).time() == moment
    assert reader(codec.generalized_time(moment)).generalized_time() == moment


@pytest.mark.parametrize(
    ("moment", "der"),
    [
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
        (datetime(2049, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(1949, 12, 31, tzinfo=UTC), b"\x18\x0f19491231000000Z"),
        (
            datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2))),
            b"\x17\x0d260228233000Z",
        ),
    ],
)
def test_times_change_form_in_2050_and_lose_their_fraction(moment: datetime, der: bytes) -> None:
    assert codec.time(moment) == der


def test_a_time_without_zone_has_no_form() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        codec.time(datetime(2026, 1, 1))  # noqa: DTZ001 -- that is what is refused


@pytest.mark.parametrize("dotted", ["", "1", "3.1", "1.40", "1.2.", "1.02", "a.b", "1.2.-3", "१.२"])
def test_what_is_no_object_identifier_is_not_written(dotted: str) -> None:
    with pytest.raises(Malformed):
        codec.oid(dotted)


def test_an_endless_object_identifier_is_not_written() -> None:
    with pytest.raises(Malformed):
        codec.oid("1.2" + ".123456789" * 20)


@pytest.mark.parametrize(
    ("method", "der"),
    [
        ("integer", "0200"),
        ("integer", "02020001"),
        ("integer", "0202ffff"),
        ("integer", "0201"),
        ("integer", "02"),
        ("integer", ""),
        ("integer", "0101ff"),
        ("integer", "028001000000"),
        ("integer", "02810101"),
        ("integer", "0282000101"),
        ("integer", "02850000000001ff"),
        ("integer", "0284ffffffff"),
        ("integer", "0283"),
        ("boolean", "010101"),
        ("boolean", "0102ffff"),
        ("boolean", "0100"),
        ("oid", "0600"),
        ("oid", "06022a80"),
        ("oid", "06032a8001"),
        ("oid", "0641" + "2a" * 65),
        ("octet_bits", "0300"),
        ("octet_bits", "030201fe"),
        ("named_bits", "0300"),
        ("named_bits", "03020880"),
        ("named_bits", "0303078000"),
        ("named_bits", "0306000000000001"),
        ("named_bits", "03020680"),
        ("named_bits", "03020781"),
        ("generalized_time", "180d" + b"260101000000Z".hex()),
        ("generalized_time", "1811" + b"20260101000000.0Z".hex()),
        ("generalized_time", "180f" + b"20261301000000Z".hex()),
        ("generalized_time", "180f" + b"20260101000060Z".hex()),
        ("generalized_time", "180f" + b"00000101000000Z".hex()),
        ("time", "180f" + b"20260101000000Z".hex()),
        ("time", "170b" + b"2601010000Z".hex()),
        ("time", "1711" + b"260101000000+0000".hex()),
        ("time", "170d" + b"260229000000Z".hex()),
        ("time", "0400"),
    ],
)
def test_what_no_der_encoder_writes_is_malformed(method: str, der: str) -> None:
    with pytest.raises(Malformed, match="sample"):
        getattr(reader(bytes.fromhex(der)), method)()


def test_high_tag_numbers_are_malformed() -> None:
    with pytest.raises(Malformed, match="tag 0x1f"):
        reader(b"\x1f\x01\x00").element()


def test_an_element_cannot_reach_past_its_parent() -> None:
    inner = reader(b"\x30\x03\x04\x02\x00\x00").enter()
    with pytest.raises(Malformed, match="too early"):
        inner.take(codec.OCTET_STRING)
    short = reader(b"\x30\x01\x04\x00").enter()
    with pytest.raises(Malformed, match="too early"):
        short.take(codec.OCTET_STRING)


def test_nothing_may_trail() -> None:
    with pytest.raises(Malformed, match="trailing"):
        codec.outermost(b"\x30\x00\x00", "sample", 10)


def test_more_than_the_limit_is_refused_unread() -> None:
    with pytest.raises(Malformed, match="more than 3 octets"):
        codec.outermost(b"\x30\x02\x05\x00", "sample", 3)
    assert codec.outermost(b"\x30\x02\x05\x00", "sample", 4).element() == codec.NULL


def test_a_length_that_needs_four_octets_is_read() -> None:
    content = bytes(1 << 24)
    assert reader(codec.octet_string(content)).take(codec.OCTET_STRING) == content
