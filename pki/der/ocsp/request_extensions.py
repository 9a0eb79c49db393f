"""Extensions of OCSP requests that are understood (RFC 6960 4.4, RFC 9654)."""

from collections.abc import Sequence
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der, algorithm_identifier
from pki.der.extensions import Extension
from pki.der.ocsp.values import MAX_REQUEST, PreferredSignature
from pki.domain.errors import Malformed

_NONCE_OCTETS: Final = 128
"""RFC 9654 2.1: a nonce has 1 to 128 octets."""

_NONCE_OID: Final = codec.oid(oids.OCSP_NONCE)
_PREFERRED_OID: Final = codec.oid(oids.OCSP_PREFERRED_SIGNATURES)


def read_nonce(extensions: Sequence[Extension], what: str) -> bytes | None:
    """The nonce among these extensions: an OCTET STRING of 1 to 128 octets (RFC 9654 2.1)."""
    for extension in extensions:
        if extension.oid == oids.OCSP_NONCE:
            reader = codec.Reader(extension.value, what)
            nonce = reader.take(codec.OCTET_STRING)
            reader.finish()
            if not 0 < len(nonce) <= _NONCE_OCTETS:
                raise reader.bad("nonce must have 1 to 128 octets")
            return nonce
    return None


def encode_nonce(nonce: bytes) -> bytes:
    """The extension that carries a nonce, in requests and responses."""
    return codec.sequence(_NONCE_OID, codec.octet_string(codec.octet_string(nonce)))


def check_response_types(extensions: Sequence[Extension], what: str) -> None:
    """AcceptableResponses must be a list; every client takes basic ones (RFC 6960 4.4.3)."""
    for extension in extensions:
        if extension.oid == oids.OCSP_RESPONSE_TYPES:
            types = codec.outermost(extension.value, what, MAX_REQUEST)
            while types.tag() >= 0:
                types.oid()


def read_preferred(extensions: Sequence[Extension], what: str) -> tuple[PreferredSignature, ...]:
    """The signatures the client prefers; those that are not in use here are left out."""
    found: list[PreferredSignature] = []
    for extension in extensions:
        if extension.oid == oids.OCSP_PREFERRED_SIGNATURES:
            wishes = codec.outermost(extension.value, what, MAX_REQUEST)
            while wishes.tag() >= 0:
                wish = _read_wish(wishes.enter())
                if wish is not None:
                    found.append(wish)
    return tuple(found)


def _read_wish(wish: codec.Reader) -> PreferredSignature | None:
    der = wish.element(codec.SEQUENCE)
    key = wish.element(codec.SEQUENCE) if wish.tag() >= 0 else None
    wish.finish()
    try:
        return PreferredSignature(algorithm=algorithm_from_der(der), key=key)
    except Malformed:
        return None


def encode_preferred(preferred: Sequence[PreferredSignature]) -> bytes:
    """The extension in which a client states its wishes."""
    wishes = codec.sequence(
        *(
            codec.sequence(algorithm_identifier(each.algorithm), each.key or b"")
            for each in preferred
        )
    )
    return codec.sequence(_PREFERRED_OID, codec.octet_string(wishes))
