"""Extension values: what is written comes back, and what may not be there is refused."""

import hashlib
import ipaddress

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from made.certificate_samples import Pair, extension_pairs
from made.der_samples import KEY, SPKI, few
from pki.der import codec, extension_values, extensions, oids
from pki.der.extensions import AuthorityInfo, BasicConstraints, KeyUsage, Policy
from pki.der.spki import key_bits, key_identifier
from pki.domain.errors import Malformed


@few
@given(extension_pairs)
def test_values_equal_those_of_another_library(pairs: list[Pair]) -> None:
    for ours, theirs in pairs:
        assert ours.value == theirs.public_bytes()


@given(st.booleans(), st.none() | st.integers(0, 1000))
def test_basic_constraints_come_back(ca: bool, length: int | None) -> None:
    constraints = BasicConstraints(ca=ca, path_length=length if ca else None)
    der = extensions.basic_constraints(constraints)
    assert extension_values.read_basic_constraints(der) == constraints
    assert ca or der == b"\x30\x00"


@given(st.frozensets(st.sampled_from(KeyUsage), min_size=1))
def test_key_usages_come_back(usages: frozenset[KeyUsage]) -> None:
    assert extension_values.read_key_usage(extensions.key_usage(usages)) == usages


@given(
    st.lists(
        st.builds(
            Policy,
            oid=st.integers(0, 99).map(lambda arc: f"2.16.{arc}"),
            cps_uri=st.none() | st.just("http://cps.example/"),
            notice=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda each: each.oid,
    )
)
def test_policies_come_back(policies: list[Policy]) -> None:
    der = extensions.certificate_policies(policies)
    assert extension_values.read_certificate_policies(der) == tuple(policies)


addresses = st.lists(st.sampled_from(["http://a.example/", "ldap://b.example/?c"]), max_size=3)


@given(addresses, addresses)
def test_addresses_come_back(first: list[str], second: list[str]) -> None:
    info = AuthorityInfo(ocsp=tuple(first), ca_issuers=tuple(second))
    der = extensions.authority_info_access(info)
    assert extension_values.read_authority_info_access(der) == info
    points = extensions.crl_distribution_points(first)
    assert extension_values.read_crl_distribution_points(points) == tuple(first)


@given(st.binary(max_size=40))
def test_key_identifiers_come_back(key_id: bytes) -> None:
    read = extension_values.read_authority_key_id(extensions.authority_key_id(key_id))
    assert read == key_id
    assert extension_values.read_subject_key_id(extensions.subject_key_id(key_id)) == key_id


def test_the_key_identifier_is_the_digest_of_the_key_bits() -> None:
    theirs = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()).digest
    assert key_identifier(SPKI) == theirs
    assert hashlib.sha1(key_bits(SPKI)).digest() == theirs  # noqa: S324 -- RFC 5280 4.2.1.2


def test_no_check_is_null() -> None:
    assert x509.OCSPNoCheck().public_bytes() == extensions.NO_CHECK


def test_hosts_of_a_server() -> None:
    theirs = x509.SubjectAlternativeName(
        [
            x509.DNSName("api.example.nl"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    ours = extensions.subject_hosts(["api.example.nl", "127.0.0.1", "::1"])
    assert ours == theirs.public_bytes()


@pytest.mark.parametrize("text", ["", "http://é.example/", "http://a b\n", "\x7f"])
def test_addresses_are_printable_ascii(text: str) -> None:
    with pytest.raises(Malformed):
        extensions.crl_distribution_points([text])


def test_foreign_forms_are_understood() -> None:
    qualifier = codec.oid(oids.QUALIFIER_USER_NOTICE)
    reference = codec.sequence(codec.tlv(codec.UTF8_STRING, b"x"), codec.sequence())
    for notice, text in (
        (codec.sequence(reference), None),
        (codec.sequence(reference, codec.tlv(0x1A, b"visible")), "visible"),
        (codec.sequence(codec.tlv(0x1E, "bmp é".encode("utf-16-be"))), "bmp é"),
    ):
        unknown = codec.sequence(codec.oid("1.2.3.4"), codec.NULL)
        policy = codec.sequence(
            codec.oid("1.2.3"), codec.sequence(unknown, codec.sequence(qualifier, notice))
        )
        read = extension_values.read_certificate_policies(codec.sequence(policy))
        assert read == (Policy(oid="1.2.3", notice=text),)


def test_other_methods_and_kinds_of_name_are_passed_over() -> None:
    uri, directory = codec.tlv(0x86, b"http://a/"), codec.explicit(4, codec.sequence())
    ocsp = codec.oid(oids.ACCESS_OCSP)
    info = codec.sequence(
        codec.sequence(codec.oid("1.3.6.1.5.5.7.48.3"), uri),
        codec.sequence(ocsp, directory),
        codec.sequence(ocsp, uri),
    )
    assert extension_values.read_authority_info_access(info).ocsp == ("http://a/",)
    full = codec.explicit(0, directory + uri)
    reasons = b"\x81\x02\x06\x40"
    points = codec.sequence(
        codec.sequence(codec.explicit(0, full), reasons),
        codec.sequence(codec.explicit(0, codec.explicit(1, b""))),
        codec.sequence(codec.explicit(2, directory)),
        codec.sequence(codec.explicit(0, full)),
    )
    assert extension_values.read_crl_distribution_points(points) == ("http://a/",)


def test_an_authority_named_by_issuer_and_serial_has_no_key_identifier() -> None:
    der = codec.sequence(codec.explicit(1, codec.sequence()), b"\x82\x01\x05")
    assert extension_values.read_authority_key_id(der) is None


@pytest.mark.parametrize(
    ("reader", "der"),
    [
        ("basic_constraints", "3003010100"),
        ("basic_constraints", "30060101ff0201ff"),
        ("basic_constraints", "3003020100"),
        ("basic_constraints", "30080101ff0201000500"),
        ("key_usage", "030100"),
        ("key_usage", "0303060000"),
        ("key_usage", "0303060040"),
        ("key_usage", "030207800500"),
        ("extended_key_usage", "3000"),
        ("extended_key_usage", "30020500"),
        ("certificate_policies", "3000"),
        ("certificate_policies", "300a300306012a300306012a"),
        ("certificate_policies", "3007300506012a0500"),
        ("certificate_policies", "3000ff"),
        ("authority_info_access", "30053003060100"),
        ("crl_distribution_points", "30020500"),
        ("crl_distribution_points", "300a3008a006a00086016105"),
        ("authority_key_id", "30028000ff"),
        ("authority_key_id", "30020500"),
        ("subject_key_id", "0400ff"),
        ("subject_key_id", "0101ff"),
    ],
)
def test_other_values_are_malformed(reader: str, der: str) -> None:
    with pytest.raises(Malformed):
        getattr(extension_values, f"read_{reader}")(bytes.fromhex(der))


def test_text_outside_its_alphabet_is_malformed() -> None:
    access = codec.sequence(codec.oid(oids.ACCESS_OCSP), codec.tlv(0x86, b"http://\xe9/"))
    with pytest.raises(Malformed, match="alphabet"):
        extension_values.read_authority_info_access(codec.sequence(access))
    notice = codec.sequence(codec.oid(oids.QUALIFIER_CPS), codec.tlv(codec.UTF8_STRING, b"x"))
    policy = codec.sequence(codec.oid("1.2.3"), codec.sequence(notice))
    with pytest.raises(Malformed, match="expected type"):
        extension_values.read_certificate_policies(codec.sequence(policy))


@pytest.mark.parametrize("der", [b"", b"\x30\x00", SPKI + b"\x00", SPKI[:-1]])
def test_what_is_no_public_key_has_no_identifier(der: bytes) -> None:
    with pytest.raises(Malformed):
        key_identifier(der)
