"""What must hold of any answer of a responder, whatever was sent to it."""

from collections.abc import Sequence
from typing import Final

from asn1crypto import ocsp as foreign_ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fakes.status import START
from pki.der.ocsp import CertId, OcspError, OcspRequest, OcspResponse, read_request, read_response
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from status_side.bench import Bench, cert_id
from status_side.small_pki import SERIALS

STATUSES: Final[dict[SerialNumber, CertificateStatus]] = {
    SERIALS[0]: Good(),
    SERIALS[1]: OnHold(since=START),
    SERIALS[2]: Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE),
}
NEGATIVE: Final = (OcspError.MALFORMED_REQUEST, OcspError.UNAUTHORIZED)


def _named(cert_id: CertId) -> tuple[str | None, bytes, bytes, int]:
    return cert_id.hash_name, cert_id.issuer_name_hash, cert_id.issuer_key_hash, cert_id.serial


KNOWN: Final = {
    _named(cert_id(serial, hash_name)): status
    for serial, status in STATUSES.items()
    for hash_name in ("sha1", "sha256", "sha384", "sha512")
}


def bench() -> Bench:
    """A responder that knows three cards; it keeps few answers, so that it also forgets."""
    made = Bench()
    made.store.statuses.update(STATUSES)
    return made


def check_answer(body: bytes, made: Bench) -> OcspResponse | OcspError:
    """A negative answer of the two that bad input gets, or a signed one that says what is so."""
    read = read_response(body)
    if isinstance(read, OcspError):
        assert read in NEGATIVE, read
        return read
    for single in read.singles:
        assert single.status == KNOWN.get(_named(single.cert_id)), single
    key = load_der_public_key(made.signer.public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(read.signature, read.tbs, ec.ECDSA(hashes.SHA256()))
    return read


def check_request(der: bytes) -> OcspRequest | None:
    """None when it is malformed; else another library reads the same out of it."""
    try:
        request = read_request(der)
    except Malformed:
        return None
    foreign = foreign_ocsp.OCSPRequest.load(der, strict=True)["tbs_request"]
    asked = [each["req_cert"] for each in foreign["request_list"]]
    assert [each.dump() for each in asked] == [each.der for each in request.cert_ids]
    assert [each["serial_number"].native for each in asked] == _serials(request.cert_ids)
    nonces = [
        each["extn_value"].parsed.native
        for each in foreign["request_extensions"]
        if each["extn_id"].native == "nonce"
    ]
    assert nonces == ([] if request.nonce is None else [request.nonce])
    return request


def _serials(cert_ids: Sequence[CertId]) -> list[int]:
    return [each.serial for each in cert_ids]
