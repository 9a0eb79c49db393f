"""Requests and responses of LDAPv3 (RFC 4511 4), without referrals. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from ldap_publish.wire.ber import (
    ENUMERATED,
    OCTET_STRING,
    SEQUENCE,
    SET,
    BadMessage,
    elements,
    integer,
    octets,
    tlv,
)

SEARCH_ENTRY: Final = 0x64
SEARCH_REFERENCE: Final = 0x73
_RESULTS: Final = frozenset({0x61, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x78})
"""BindResponse, SearchResultDone, Modify-, Add-, Del-, ModifyDN-, Compare-, ExtendedResponse."""

_VERSION: Final = integer(3)
_FALSE: Final = tlv(0x01, b"\x00")
_ANY_OBJECT: Final = octets(b"objectClass", 0x87)
_ENTRY: Final = 0
_ONE_LEVEL: Final = 1
_NO_ATTRIBUTES: Final = "1.1"
_RESULT_PIECES: Final = 3
_CONTROLS: Final = 0xA0


class Modification(IntEnum):
    """What a modification does with the values (RFC 4511 4.6)."""

    ADD = 0
    DELETE = 1
    REPLACE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapResult:
    """The end of an operation (RFC 4511 4.1.9); ``controls``: those that came with it."""

    code: int
    message: str
    controls: bytes = b""

    @property
    def name(self) -> str:
        """What the code is called in RFC 4511, or its number."""
        return _NAMES.get(self.code, f"result {self.code}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry: its attributes by description in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]


Response = LdapResult | Found | None
"""None: a reference to another server, which is never followed."""


def message(number: int, operation: bytes, control: bytes = b"") -> bytes:
    """The operation in its envelope, with one control or none."""
    controls = tlv(_CONTROLS, control) if control else b""
    return tlv(SEQUENCE, integer(number), operation, controls)


def bind_simple(dn: str, password: str) -> bytes:
    """By name and password."""
    return tlv(0x60, _VERSION, octets(dn.encode()), octets(password.encode(), 0x80))


def bind_external() -> bytes:
    """By what the connection itself proves (SASL EXTERNAL, RFC 4422 appendix A).

    The empty credentials say so; without them the server asks for more.
    """
    return tlv(0x60, _VERSION, octets(b""), tlv(0xA3, octets(b"EXTERNAL"), octets(b"")))


def search_entry(dn: str, attributes: Sequence[str]) -> bytes:
    """Exactly this entry."""
    return _search(dn, _ENTRY, attributes)


def search_below(dn: str, attributes: Sequence[str]) -> bytes:
    """The entries directly below this one; only their names without ``attributes``."""
    return _search(dn, _ONE_LEVEL, attributes or (_NO_ATTRIBUTES,))


def _search(dn: str, scope: int, attributes: Sequence[str]) -> bytes:
    return tlv(0x63, octets(dn.encode()), _how(scope, tuple(attributes)))


@lru_cache(maxsize=64)
def _how(scope: int, attributes: tuple[str, ...]) -> bytes:
    """All of a search behind its base, of which there are few.

    Without limits of ours, aliases not followed (RFC 4511 4.5.1).
    """
    wanted = tlv(SEQUENCE, *(octets(each.encode()) for each in attributes))
    aliases, limits = integer(0, ENUMERATED), integer(0) + integer(0)
    return b"".join((integer(scope, ENUMERATED), aliases, limits, _FALSE, _ANY_OBJECT, wanted))


def add(dn: str, attributes: Iterable[tuple[str, Sequence[bytes]]]) -> bytes:
    """A new entry."""
    listed = (_attribute(name, values) for name, values in attributes)
    return tlv(0x68, octets(dn.encode()), tlv(SEQUENCE, *listed))


def modify(dn: str, kind: Modification, attribute: str, values: Sequence[bytes]) -> bytes:
    """One change to one attribute."""
    change = tlv(SEQUENCE, integer(kind, ENUMERATED), _attribute(attribute, values))
    return tlv(0x66, octets(dn.encode()), tlv(SEQUENCE, change))


def delete(dn: str) -> bytes:
    """The entry goes."""
    return octets(dn.encode(), 0x4A)


def _attribute(name: str, values: Sequence[bytes]) -> bytes:
    return tlv(SEQUENCE, _described(name), tlv(SET, *map(octets, values)))


@lru_cache(maxsize=256)
def _described(name: str) -> bytes:
    return octets(name.encode())


def read_response(content: bytes) -> tuple[int, Response]:
    """The number of the request and what it is answered; ``content``: that of the envelope.

    Raises:
        BadMessage: it is no response that we know.
    """
    try:
        (_, number), (tag, operation), *more = elements(content)
        if tag == SEARCH_ENTRY:
            return int.from_bytes(number, "big"), _entry(operation)
        if tag == SEARCH_REFERENCE:
            return int.from_bytes(number, "big"), None
        if tag in _RESULTS:
            return int.from_bytes(number, "big"), _result(operation, more)
    except BadMessage:
        raise
    except ValueError as error:
        raise BadMessage("a response in another form") from error
    raise BadMessage("a response of another kind")


def _result(operation: bytes, more: Sequence[tuple[int, bytes]]) -> LdapResult:
    pieces = elements(operation)
    if len(pieces) < _RESULT_PIECES or pieces[0][0] != ENUMERATED or pieces[2][0] != OCTET_STRING:
        raise BadMessage("a result in another form")
    code = int.from_bytes(pieces[0][1], "big")
    controls = next((content for tag, content in more if tag == _CONTROLS), b"")
    return LdapResult(code=code, message=pieces[2][1].decode("utf-8", "replace"), controls=controls)


def _entry(operation: bytes) -> Found:
    (_, dn), (_, listed) = elements(operation)
    attributes = {}
    for _, each in elements(listed):
        (_, name), (_, values) = elements(each)
        attributes[_description(name)] = tuple([value for _, value in elements(values)])
    return Found(dn=dn.decode(), attributes=attributes)


@lru_cache(maxsize=256)
def _description(name: bytes) -> str:
    """Of an attribute, in lower case: a few stand in entry after entry."""
    return name.decode().lower()


_NAMES: Final = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    18: "inappropriateMatching",
    19: "constraintViolation",
    20: "attributeOrValueExists",
    21: "invalidAttributeSyntax",
    32: "noSuchObject",
    34: "invalidDNSyntax",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    64: "namingViolation",
    65: "objectClassViolation",
    66: "notAllowedOnNonLeaf",
    67: "notAllowedOnRDN",
    68: "entryAlreadyExists",
    69: "objectClassModsProhibited",
    80: "other",
    122: "assertionFailed",
}
"""RFC 4511 appendix A, and RFC 4528 4."""
