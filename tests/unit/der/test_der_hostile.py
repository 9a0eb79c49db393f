"""Whatever bytes anybody sends: a value or `Malformed`, nothing else, and soon."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import SPKI, few
from pki.der import codec, extension_values, extensions, oids
from pki.der.algorithms import algorithm_from_der
from pki.der.certificate import (
    Certificate,
    CertificateContent,
    encode_tbs_certificate,
    read_certificate,
)
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl, read_crl
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import Attribute, DistinguishedName, read_name
from pki.der.ocsp import (
    SingleResponse,
    encode_basic_response,
    encode_request,
    encode_response_data,
    make_cert_id,
    read_request,
    read_response,
)
from pki.der.pkcs10 import read_pkcs10
from pki.der.signed import assemble, split
from pki.der.spki import key_identifier
from pki.der.uzi_names import encode_subject_alt_name, read_subject_alt_name
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import OnHold
from pki.domain.uzi import PassType, UziName

AT = datetime(2026, 11, 22, tzinfo=UTC)
ALGORITHM = SignatureAlgorithm.ECDSA_SHA256
NAME = DistinguishedName.of(
    Attribute(oid=oids.COUNTRY, text="NL", printable=True),
    Attribute(oid=oids.COMMON_NAME, text="Tést"),
)
UZI = UziName(
    oid_ca="2.16.528.1.1007.99.218",
    uzi_number=UziNumber("900021219"),
    pass_type=PassType.MEDEWERKER_OP_NAAM,
    ura=Ura("90000382"),
)
ID = make_cert_id(NAME.der, SPKI, 1 << 158)
VALUES = {
    oids.BASIC_CONSTRAINTS: extensions.basic_constraints(BasicConstraints(ca=True, path_length=0)),
    oids.KEY_USAGE: extensions.key_usage([KeyUsage.CRL_SIGN, KeyUsage.DECIPHER_ONLY]),
    oids.EXTENDED_KEY_USAGE: extensions.extended_key_usage([oids.EKU_CLIENT_AUTH]),
    oids.CERTIFICATE_POLICIES: extensions.certificate_policies(
        [Policy(oid="1.2.3", cps_uri="http://c/", notice="é")]
    ),
    oids.AUTHORITY_INFO_ACCESS: extensions.authority_info_access(
        AuthorityInfo(ocsp=("http://o/",), ca_issuers=("http://i/",))
    ),
    oids.CRL_DISTRIBUTION_POINTS: extensions.crl_distribution_points(["http://c/"]),
    oids.AUTHORITY_KEY_ID: extensions.authority_key_id(bytes(20)),
    oids.SUBJECT_KEY_ID: extensions.subject_key_id(bytes(20)),
    oids.SUBJECT_ALT_NAME: encode_subject_alt_name(UZI),
}
CERTIFICATE = assemble(
    encode_tbs_certificate(
        CertificateContent(
            serial=SerialNumber(1 << 158),
            issuer_der=NAME.der,
            subject_der=NAME.der,
            not_before=AT,
            not_after=AT,
            public_key=SPKI,
            algorithm=ALGORITHM,
            extensions=tuple(
                Extension(oid=oid, critical=True, value=value) for oid, value in VALUES.items()
            ),
        )
    ),
    ALGORITHM,
    b"signature",
)
CRL = assemble(
    encode_tbs_crl(
        CrlContent(
            issuer_der=NAME.der,
            algorithm=ALGORITHM,
            this_update=AT,
            next_update=AT,
            number=5,
            authority_key_id=bytes(20),
            entries=[
                encode_entry(SerialNumber(7), AT, None),
                encode_entry(SerialNumber(1 << 158), AT, RevocationReason.CERTIFICATE_HOLD),
            ],
            expired_certs_on_crl=AT,
        )
    ),
    ALGORITHM,
    b"signature",
)
SINGLE = SingleResponse(
    cert_id=ID, status=OnHold(since=AT), this_update=AT, next_update=AT, archive_cutoff=AT
)
RESPONSE = encode_basic_response(
    encode_response_data(bytes(20), AT, [SINGLE], b"nonce", extended_revoke=True),
    ALGORITHM,
    b"signature",
    [CERTIFICATE],
)
PKCS10 = assemble(
    codec.sequence(codec.integer(0), NAME.der, SPKI, codec.explicit(0, b"")), ALGORITHM, b"x"
)


def read_whole_certificate(der: bytes) -> None:
    certificate = read_certificate(der)
    for name in vars(Certificate):
        if isinstance(vars(Certificate)[name], property):
            getattr(certificate, name)


READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "name": (read_name, NAME.der),
    "uzi name": (read_subject_alt_name, VALUES[oids.SUBJECT_ALT_NAME]),
    "certificate": (read_whole_certificate, CERTIFICATE),
    "crl": (read_crl, CRL),
    "request": (read_request, encode_request([ID, ID], b"nonce")),
    "response": (read_response, RESPONSE),
    "pkcs10": (read_pkcs10, PKCS10),
    "signed": (split, CRL),
    "key": (key_identifier, SPKI),
    "algorithm": (algorithm_from_der, codec.sequence(codec.oid(oids.ED25519))),
    "constraints": (extension_values.read_basic_constraints, VALUES[oids.BASIC_CONSTRAINTS]),
    "usage": (extension_values.read_key_usage, VALUES[oids.KEY_USAGE]),
    "eku": (extension_values.read_extended_key_usage, VALUES[oids.EXTENDED_KEY_USAGE]),
    "policies": (extension_values.read_certificate_policies, VALUES[oids.CERTIFICATE_POLICIES]),
    "access": (extension_values.read_authority_info_access, VALUES[oids.AUTHORITY_INFO_ACCESS]),
    "points": (
        extension_values.read_crl_distribution_points,
        VALUES[oids.CRL_DISTRIBUTION_POINTS],
    ),
    "aki": (extension_values.read_authority_key_id, VALUES[oids.AUTHORITY_KEY_ID]),
    "ski": (extension_values.read_subject_key_id, VALUES[oids.SUBJECT_KEY_ID]),
}
readers = pytest.mark.parametrize(("reader", "sample"), READERS.values(), ids=READERS)


def value_or_malformed(reader: Callable[[bytes], object], der: bytes) -> None:
    with suppress(Malformed):
        reader(der)


@readers
def test_the_sample_itself_is_read(reader: Callable[[bytes], object], sample: bytes) -> None:
    reader(sample)


@readers
@few
@given(der=st.binary(max_size=200) | st.binary(max_size=100).map(codec.sequence))
def test_arbitrary_bytes(reader: Callable[[bytes], object], sample: bytes, der: bytes) -> None:
    value_or_malformed(reader, der)


@readers
def test_every_beginning(reader: Callable[[bytes], object], sample: bytes) -> None:
    for size in range(len(sample)):
        with pytest.raises(Malformed):
            reader(sample[:size])


@readers
@few
@given(chance=st.data())
def test_changed_octets(
    reader: Callable[[bytes], object], sample: bytes, chance: st.DataObject
) -> None:
    changed = bytearray(sample)
    places = st.tuples(st.integers(0, len(sample) - 1), st.integers(0, 255))
    for place, octet in chance.draw(st.lists(places, min_size=1, max_size=4)):
        changed[place] = octet
    value_or_malformed(reader, bytes(changed))


@readers
@few
@given(chance=st.data())
def test_pieces_cut_out_and_put_in(
    reader: Callable[[bytes], object], sample: bytes, chance: st.DataObject
) -> None:
    start, stop = sorted(chance.draw(st.tuples(*[st.integers(0, len(sample))] * 2)))
    piece = chance.draw(st.binary(max_size=12))
    value_or_malformed(reader, sample[:start] + piece + sample[stop:])


@readers
def test_deep_nesting_costs_nothing(reader: Callable[[bytes], object], sample: bytes) -> None:
    for tag in (0x30, 0xA0, 0x31):
        nested = b""
        for _ in range(3000):
            nested = codec.tlv(tag, nested)
        with pytest.raises(Malformed):
            reader(nested)


@readers
def test_lengths_that_promise_the_world(reader: Callable[[bytes], object], sample: bytes) -> None:
    for length in (b"\x80", b"\x84\xff\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\xff"):
        with pytest.raises(Malformed):
            reader(b"\x30" + length + sample)
