"""Distinguished names against cryptography's, and what may never be written."""

import pytest
from cryptography import x509
from hypothesis import given

from made.der_samples import foreign_name, names
from pki.der import codec, oids
from pki.der.names import Attribute, DistinguishedName, read_name
from pki.domain.errors import Malformed

PASS_SUBJECT = DistinguishedName.of(
    Attribute(oid=oids.COUNTRY, text="NL", printable=True),
    Attribute(oid=oids.ORGANISATION, text="Tést Zorginstelling 03"),
    Attribute(oid=oids.SURNAME, text="van 't Voorbeeld"),
    Attribute(oid=oids.GIVEN_NAME, text="Jan"),
    Attribute(oid=oids.SERIAL_NUMBER, text="900021219", printable=True),
    Attribute(oid=oids.COMMON_NAME, text="Jan van 't Voorbeeld"),
)


@given(names)
def test_names_come_back_with_their_string_types(name: DistinguishedName) -> None:
    assert read_name(name.der) == name


@given(names)
def test_bytes_equal_those_of_another_library(name: DistinguishedName) -> None:
    assert name.der == foreign_name(name).public_bytes()


@given(names)
def test_text_reads_back_in_another_library(name: DistinguishedName) -> None:
    readable = DistinguishedName.of(
        *(each for each in name.rdns if each.oid != oids.ORGANISATION_IDENTIFIER)
    )
    parsed = x509.Name.from_rfc4514_string(
        readable.rfc4514,
        {
            "sn": x509.NameOID.SURNAME,
            "givenName": x509.NameOID.GIVEN_NAME,
            "title": x509.NameOID.TITLE,
            "serialNumber": x509.NameOID.SERIAL_NUMBER,
        },
    )
    assert parsed == foreign_name(readable)


def test_both_orders() -> None:
    assert PASS_SUBJECT.rfc4514 == (
        "CN=Jan van 't Voorbeeld,serialNumber=900021219,givenName=Jan,sn=van 't Voorbeeld,"
        "O=Tést Zorginstelling 03,C=NL"
    )
    assert PASS_SUBJECT.text(reverse=False).startswith("C=NL,O=Tést Zorginstelling 03,sn=")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a,b+c", r"CN=a\,b\+c"),
        ('"<;>"\\', r"CN=\"\<\;\>\"\\"),
        ("#1", r"CN=\#1"),
        (" x ", r"CN=\ x\ "),
        (" ", "CN=\\ "),
        ("a=b", "CN=a=b"),
    ],
)
def test_special_characters_are_escaped(text: str, written: str) -> None:
    assert Attribute(oid=oids.COMMON_NAME, text=text).rfc4514 == written


def test_a_type_without_descriptor_is_written_as_hexadecimal_der() -> None:
    number = Attribute(oid=oids.ORGANISATION_IDENTIFIER, text="NTRNL-50000535")
    assert number.rfc4514 == "2.5.4.97=#0c0e4e54524e4c2d3530303030353335"


def test_values_of_one_type() -> None:
    assert [each.text for each in PASS_SUBJECT.values(oids.SERIAL_NUMBER)] == ["900021219"]
    assert PASS_SUBJECT.values(oids.TITLE) == ()


@pytest.mark.parametrize(
    ("text", "printable"),
    [
        ("", False),
        ("a\x00b", False),
        ("a\nb", False),
        ("\x85", False),
        ("\ud800", False),
        ("é", True),
    ],
)
def test_what_no_directory_can_carry_is_refused(text: str, *, printable: bool) -> None:
    with pytest.raises(Malformed):
        Attribute(oid=oids.COMMON_NAME, text=text, printable=printable)


def pair(value: bytes) -> bytes:
    return codec.sequence(codec.oid(oids.COMMON_NAME), value)


@pytest.mark.parametrize(
    "rdn",
    [
        codec.tlv(codec.SET, pair(b"\x0c\x01a") + pair(b"\x0c\x01b")),
        codec.tlv(codec.SET, b""),
        codec.tlv(codec.SET, pair(b"\x14\x01a")),
        codec.tlv(codec.SET, pair(b"\x1e\x02\x00a")),
        codec.tlv(codec.SET, pair(b"\x16\x01a")),
        codec.tlv(codec.SET, pair(b"\x0c\x01\xff")),
        codec.tlv(codec.SET, pair(b"\x13\x01\xe9")),
        codec.tlv(codec.SET, pair(b"\x13\x01@")),
        codec.tlv(codec.SET, pair(b"\x0c\x01a\x05\x00")),
        codec.sequence(pair(b"\x0c\x01a")),
    ],
    ids=["two", "none", "teletex", "bmp", "ia5", "utf8", "latin1", "at-sign", "more", "no-set"],
)
def test_other_names_are_malformed(rdn: bytes) -> None:
    with pytest.raises(Malformed):
        read_name(codec.sequence(rdn))
