"""OCSP responses, byte for byte beside those that cryptography builds."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import (
    FOREIGN_REASONS,
    KEY,
    SPKI,
    cert_ids,
    few,
    key_ids,
    nonces,
    reasons,
    singles,
    whole_moments,
)
from pki.der import codec
from pki.der.extensions import Extension, encode_extensions
from pki.der.ocsp import (
    CertId,
    OcspError,
    OcspResponse,
    SingleResponse,
    encode_basic_response,
    encode_error,
    encode_response_data,
    make_cert_id,
    read_response,
)
from pki.der.spki import key_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed

AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
ALGORITHM = SignatureAlgorithm.ECDSA_SHA256
ID = make_cert_id(codec.sequence(), SPKI, 7)
FOREIGN_DIGESTS = {
    "sha1": hashes.SHA1(),  # noqa: S303 -- old clients name certificates by it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def respond(data: bytes, *certificates: bytes) -> OcspResponse:
    response = read_response(encode_basic_response(data, ALGORITHM, b"signature", certificates))
    assert isinstance(response, OcspResponse)
    return response


@few
@given(
    key_ids,
    whole_moments,
    st.lists(singles, min_size=1, max_size=3),
    nonces,
    st.booleans(),
    st.lists(st.binary(max_size=9).map(codec.sequence), max_size=2),
)
def test_responses_come_back(
    key_hash: bytes,
    produced_at: datetime,
    answers: list[SingleResponse],
    nonce: bytes | None,
    extended: bool,
    certificates: list[bytes],
) -> None:
    data = encode_response_data(key_hash, produced_at, answers, nonce, extended_revoke=extended)
    assert respond(data, *certificates) == OcspResponse(
        tbs=data,
        algorithm=ALGORITHM,
        signature=b"signature",
        responder_key_hash=key_hash,
        responder_name=None,
        produced_at=produced_at,
        singles=tuple(answers),
        nonce=nonce,
        extended_revoke=extended,
        certificates=tuple(certificates),
    )


@pytest.fixture(scope="module")
def responder() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "responder")])
    return x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=KEY.public_key(),
        serial_number=1,
        not_valid_before=AT,
        not_valid_after=AT + timedelta(days=30),
    ).sign(KEY, hashes.SHA256())


def foreign_status(
    status: CertificateStatus | None,
) -> tuple[x509_ocsp.OCSPCertStatus, datetime | None, x509.ReasonFlags | None]:
    match status:
        case None:
            return x509_ocsp.OCSPCertStatus.UNKNOWN, None, None
        case Good():
            return x509_ocsp.OCSPCertStatus.GOOD, None, None
        case OnHold(since=since) | Unconfirmed(since=since):
            return x509_ocsp.OCSPCertStatus.REVOKED, since, x509.ReasonFlags.certificate_hold
        case Revoked(at=at, reason=reason):
            flag = None if reason is None else FOREIGN_REASONS[reason]
            return x509_ocsp.OCSPCertStatus.REVOKED, at, flag


@few
@given(
    single=singles.filter(
        lambda each: (
            each.archive_cutoff is None
            and each.certificate_sha256 is None
            and (not isinstance(each.status, Revoked) or each.status.compromised_since is None)
            and 0 < each.cert_id.serial < 1 << 159
            and (each.next_update is None or each.next_update >= each.this_update)
            and (not isinstance(each.status, OnHold) or each.status.since <= each.this_update)
        )
    ),
    nonce=nonces,
)
def test_bytes_equal_those_of_another_library(
    responder: x509.Certificate, single: SingleResponse, nonce: bytes | None
) -> None:
    assert single.cert_id.hash_name is not None
    status, at, reason = foreign_status(single.status)
    builder = (
        x509_ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            single.cert_id.issuer_name_hash,
            single.cert_id.issuer_key_hash,
            single.cert_id.serial,
            FOREIGN_DIGESTS[single.cert_id.hash_name],
            status,
            single.this_update,
            single.next_update,
            at,
            reason,
        )
        .responder_id(x509_ocsp.OCSPResponderEncoding.HASH, responder)
        .certificates([responder])
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    foreign = builder.sign(KEY, hashes.SHA256())
    data = encode_response_data(key_identifier(SPKI), foreign.produced_at_utc, [single], nonce)
    assert data == foreign.tbs_response_bytes
    whole = encode_basic_response(
        data, ALGORITHM, foreign.signature, [responder.public_bytes(Encoding.DER)]
    )
    assert whole == foreign.public_bytes(Encoding.DER)


@pytest.mark.parametrize("error", OcspError)
def test_negative_answers_equal_those_of_another_library(error: OcspError) -> None:
    status = {
        OcspError.MALFORMED_REQUEST: x509_ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
        OcspError.INTERNAL_ERROR: x509_ocsp.OCSPResponseStatus.INTERNAL_ERROR,
        OcspError.TRY_LATER: x509_ocsp.OCSPResponseStatus.TRY_LATER,
        OcspError.SIG_REQUIRED: x509_ocsp.OCSPResponseStatus.SIG_REQUIRED,
        OcspError.UNAUTHORIZED: x509_ocsp.OCSPResponseStatus.UNAUTHORIZED,
    }[error]
    foreign = x509_ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    assert encode_error(error) == foreign.public_bytes(Encoding.DER)
    assert read_response(encode_error(error)) is error


@few
@given(cert_ids, whole_moments, reasons)
def test_unconfirmed_is_on_hold_for_whoever_asks(
    cert_id: CertId, since: datetime, reason: RevocationReason | None
) -> None:
    def data(status: CertificateStatus) -> bytes:
        single = SingleResponse(cert_id=cert_id, status=status, this_update=since, next_update=None)
        return encode_response_data(bytes(20), since, [single], None)

    assert data(Unconfirmed(since=since)) == data(OnHold(since=since))
    assert respond(data(Unconfirmed(since=since))).singles[0].status == OnHold(since=since)


HOLD = Revoked(at=datetime(1970, 1, 1, tzinfo=UTC), reason=RevocationReason.CERTIFICATE_HOLD)


def test_never_issued_in_the_form_of_rfc_6960() -> None:
    single = SingleResponse(cert_id=ID, status=HOLD, this_update=AT, next_update=AT)
    data = encode_response_data(bytes(20), AT, [single], None, extended_revoke=True)
    response = respond(data)
    assert response.extended_revoke
    assert response.singles[0].status == OnHold(since=HOLD.at)


def single_der(status: bytes, *tail: bytes) -> bytes:
    return codec.sequence(ID.der, status, codec.generalized_time(AT), *tail)


def data_der(*singles_der: bytes, responder_id: bytes | None = None, tail: bytes = b"") -> bytes:
    return codec.sequence(
        codec.explicit(2, codec.octet_string(bytes(20))) if responder_id is None else responder_id,
        codec.generalized_time(AT),
        codec.sequence(*singles_der),
        tail,
    )


def revoked(reason: bytes) -> bytes:
    return codec.tlv(codec.constructed(1), codec.generalized_time(AT) + reason)


def code(number: int) -> bytes:
    return codec.explicit(0, codec.integer(number, codec.ENUMERATED))


@pytest.mark.parametrize("number", [0, 10])
def test_codes_that_say_nothing_more_are_read_as_no_reason(number: int) -> None:
    response = respond(data_der(single_der(revoked(code(number)))))
    assert response.singles[0].status == Revoked(at=AT, reason=None)


def test_a_responder_may_go_by_name() -> None:
    response = respond(data_der(responder_id=codec.explicit(1, codec.sequence(b""))))
    assert (response.responder_key_hash, response.responder_name) == (None, codec.sequence())


def test_unknown_extensions_that_are_not_critical_are_passed_over() -> None:
    unknown = encode_extensions([Extension(oid="1.2.3", critical=False, value=b"")])
    data = data_der(
        single_der(b"\x80\x00", codec.explicit(1, unknown)), tail=codec.explicit(1, unknown)
    )
    assert respond(data).singles[0].status == Good()


CRITICAL = codec.explicit(1, encode_extensions([Extension(oid="1.2.3", critical=True, value=b"")]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (data_der(single_der(b"\x80\x01\x00")), "carry nothing"),
        (data_der(single_der(b"\x82\x01\x00")), "carry nothing"),
        (data_der(single_der(b"\x83\x00")), "unexpected element"),
        (data_der(single_der(revoked(code(8)))), "cannot have"),
        (data_der(single_der(revoked(code(1) * 2))), "trailing"),
        (data_der(single_der(b"\x80\x00", codec.NULL)), "trailing"),
        (data_der(single_der(b"\x80\x00", CRITICAL)), "not understood"),
        (data_der(tail=CRITICAL), "not understood"),
        (data_der(tail=codec.NULL), "trailing"),
        (data_der(responder_id=codec.NULL), "unexpected element"),
        (codec.sequence(codec.explicit(0, codec.integer(0))), "unexpected element"),
    ],
)
def test_other_response_data_is_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        respond(data)


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (b"\x30\x03\x0a\x01\x04", "does not exist"),
        (b"\x30\x03\x0a\x01\x07", "does not exist"),
        (b"\x30\x05\x0a\x01\x01\x05\x00", "trailing"),
        (b"\x30\x03\x0a\x01\x00", "too early"),
        (
            codec.sequence(
                b"\x0a\x01\x00",
                codec.explicit(0, codec.sequence(codec.oid("1.2.3"), codec.octet_string(b""))),
            ),
            "not a basic response",
        ),
    ],
)
def test_other_responses_are_malformed(der: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_response(der)
