"""The subjectAltName of UZI passes: genuine values first, then everything it must not be."""

import pytest
from hypothesis import given

from made.der_samples import uzi_names
from pki.der import codec, oids
from pki.der.uzi_names import encode_subject_alt_name, read_subject_alt_name
from pki.domain.errors import Malformed
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.uzi import PassType, UziName

# Origin: extension value of the TEST UZI-register's Zorgverlener authenticity certificate of
# 2024-09-19 (UZI number 900030757), published in nuts-foundation/nuts-node, vdr/didx509.
Z_AUTHENTICITY = bytes.fromhex(
    "306ca022060a2b060104018237140203a0140c12393030303330373537403930303030333830a0460603550505a03f"
    "163d322e31362e3532382e312e313030372e39392e3231372d312d3930303033303735372d5a2d39303030303338302d"
    "30312e3031352d3030303030303030"
)
# Origin: extension value of a TEST UZI-register signature certificate of a named employee
# (UZI number 900021219), published in the test data of nuts-foundation/nuts-node, auth.
N_SIGNATURE = bytes.fromhex(
    "3048a0460603550505a03f163d322e31362e3532382e312e313030372e39392e3231382d312d3930303032313231392d"
    "4e2d39303030303338322d30302e3030302d3030303030303030"
)

NAME = UziName(
    oid_ca="2.16.528.1.1007.99.218",
    uzi_number=UziNumber("900021219"),
    pass_type=PassType.MEDEWERKER_OP_NAAM,
    ura=Ura("90000382"),
)


def other(type_id: str, tag: int, text: str) -> bytes:
    value = codec.explicit(0, codec.tlv(tag, text.encode()))
    return codec.tlv(codec.constructed(0), codec.oid(type_id) + value)


def uzi(text: str = NAME.text, tag: int = codec.IA5_STRING) -> bytes:
    return other(oids.UZI_NAME, tag, text)


def upn(text: str = NAME.upn, tag: int = codec.UTF8_STRING) -> bytes:
    return other(oids.USER_PRINCIPAL_NAME, tag, text)


def test_the_genuine_authenticity_name_is_read_and_written_byte_for_byte() -> None:
    san = read_subject_alt_name(Z_AUTHENTICITY)
    assert san.name.text == "2.16.528.1.1007.99.217-1-900030757-Z-90000380-01.015-00000000"
    assert san.name.pass_type is PassType.ZORGVERLENER
    assert san.upn == "900030757@90000380"
    assert encode_subject_alt_name(san.name) == Z_AUTHENTICITY


def test_the_genuine_signature_name_is_read_without_upn() -> None:
    san = read_subject_alt_name(N_SIGNATURE)
    assert san.name == NAME
    assert san.upn is None


@given(uzi_names)
def test_names_come_back(name: UziName) -> None:
    san = read_subject_alt_name(encode_subject_alt_name(name))
    assert (san.name, san.upn) == (name, name.upn)


@given(uzi_names)
def test_the_user_principal_name_comes_first(name: UziName) -> None:
    assert encode_subject_alt_name(name) == codec.sequence(upn(name.upn), uzi(name.text))


def test_names_of_other_kinds_are_passed_over() -> None:
    mail, web = codec.tlv(0x81, b"a@b.nl"), codec.tlv(0x82, b"b.nl")
    permanent = codec.tlv(
        codec.constructed(0), codec.oid("1.3.6.1.5.5.7.8.3") + codec.explicit(0, codec.sequence())
    )
    assert read_subject_alt_name(codec.sequence(mail, uzi(), web, permanent, upn())).name == NAME


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "no name of type 2.5.5.5"),
        ([upn()], "no name of type 2.5.5.5"),
        ([uzi(), uzi()], "more than one name"),
        ([uzi(), upn(), upn()], "more than one UPN"),
        ([uzi(tag=codec.UTF8_STRING)], "unexpected element"),
        ([uzi(tag=codec.PRINTABLE_STRING)], "unexpected element"),
        ([upn(tag=codec.IA5_STRING), uzi()], "unexpected element"),
        ([uzi("é" + NAME.text)], "alphabet"),
        ([upn("900021219@90000383"), uzi()], "UPN does not repeat"),
        ([upn("900021219@90000382\u200b"), uzi()], "UPN does not repeat"),
        ([uzi(NAME.text.replace("-1-", "-2-"))], "version has a wrong form"),
        ([uzi(NAME.text.replace("900021219", "90002121"))], "UZI number has a wrong form"),
        ([uzi(NAME.text.replace("90000382", "9000038"))], "URA has a wrong form"),
        ([uzi(NAME.text.replace("-N-", "-X-"))], "pass type has a wrong form"),
        ([uzi(NAME.text.replace("00.000", "00000"))], "role has a wrong form"),
        ([uzi(NAME.text.replace("00.000", "01.015"))], "only a Zorgverlener"),
        ([uzi(NAME.text.replace("-N-", "-Z-"))], "must carry a role"),
        ([uzi(NAME.text[:-1])], "AGB code has a wrong form"),
        ([uzi(NAME.text + "-1")], "not of the form"),
        ([uzi("9.9.9" + NAME.text[22:])], "OID CA has a wrong form"),
        ([uzi(NAME.text + "\n")], "AGB code has a wrong form"),
        ([uzi(), codec.NULL], "not a general name"),
        ([uzi(), b"\xa0\x00"], "ends too early"),
    ],
)
def test_everything_else_is_refused_with_its_reason(parts: list[bytes], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_subject_alt_name(codec.sequence(*parts))


def test_a_value_with_something_behind_it_is_refused() -> None:
    value = codec.tlv(codec.IA5_STRING, NAME.text.encode()) + codec.NULL
    padded = codec.tlv(codec.constructed(0), codec.oid(oids.UZI_NAME) + codec.explicit(0, value))
    with pytest.raises(Malformed, match="trailing"):
        read_subject_alt_name(codec.sequence(padded))
