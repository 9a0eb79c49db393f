"""OCSP (RFC 6960, RFC 9654, RFC 9919): requests and responses, bytes and values."""

from pki.der.ocsp.request import encode_request, make_cert_id, read_request
from pki.der.ocsp.response import encode_basic_response, encode_error, encode_response_data
from pki.der.ocsp.response_reading import read_response
from pki.der.ocsp.values import (
    MAX_REQUEST,
    CertId,
    OcspError,
    OcspRequest,
    OcspResponse,
    PreferredSignature,
    SingleResponse,
)

__all__ = [
    "MAX_REQUEST",
    "CertId",
    "OcspError",
    "OcspRequest",
    "OcspResponse",
    "PreferredSignature",
    "SingleResponse",
    "encode_basic_response",
    "encode_error",
    "encode_request",
    "encode_response_data",
    "make_cert_id",
    "read_request",
    "read_response",
]
