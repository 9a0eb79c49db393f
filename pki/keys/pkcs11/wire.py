"""What passes between a server and the process of a PKCS#11 module: one JSON value a line.

A request says itself what is done in a token's session; only the kinds in `_KINDS` are read.
"""

import json
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import ClassVar, Final, Protocol, TypeVar

from pki.domain.algorithms import KeyType
from pki.domain.errors import (
    ConfigurationInvalid,
    EnvironmentMissing,
    SignerUnavailable,
    ZorgidError,
)
from pki.keys.pkcs11.ports import (
    Fault,
    KeyMissing,
    KeyName,
    Operation,
    TokenObject,
    TokenSession,
)

T_co = TypeVar("T_co", covariant=True)


class Request(Protocol[T_co]):
    """Something to be done at a token that is logged in; ``gives`` is the type of the outcome."""

    @property
    def token(self) -> str:
        """The token's label."""
        ...

    @property
    def gives(self) -> type[T_co]:
        """What the outcome is checked against."""
        ...

    def run(self, session: TokenSession) -> T_co:
        """In the module's process; may raise a Fault."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GivePin:
    """The PIN of a token. ``again``: it was given to an earlier process, whatever came of it."""

    token: str
    pin: bytes = field(repr=False)
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whether the token can be used at all."""

    gives: ClassVar = frozenset
    token: str

    def run(self, session: TokenSession) -> frozenset[str]:
        return session.mechanisms()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key that can sign: its public half (DER), and the mechanisms of its token."""

    public_key: bytes
    mechanisms: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKey:
    """A request about one key."""

    key: KeyName

    @property
    def token(self) -> str:
        """Where the key is."""
        return self.key.token


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(OfKey):
    """Look for a key."""

    gives: ClassVar = FoundKey

    def run(self, session: TokenSession) -> FoundKey:
        public_key = session.public_key(self.key)
        return FoundKey(public_key=public_key, mechanisms=session.mechanisms())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign(OfKey):
    """One signature."""

    gives: ClassVar = bytes
    operation: Operation

    def run(self, session: TokenSession) -> bytes:
        return session.sign(self.key, self.operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Everything in the token."""

    gives: ClassVar = list
    token: str

    def run(self, session: TokenSession) -> list[TokenObject]:
        return list(session.objects())


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate(OfKey):
    """Make a key pair; the outcome is what went wrong, or nothing."""

    gives: ClassVar = str
    key_type: KeyType

    def run(self, session: TokenSession) -> str:
        try:
            session.generate(self.key, self.key_type)
        except Fault as fault:
            # Nothing is repeated: whether it left half a key behind is looked at by a person.
            return str(fault)
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy(OfKey):
    """Remove all key objects of that name; how many there were."""

    gives: ClassVar = int

    def run(self, session: TokenSession) -> int:
        return session.destroy(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to be counted and logged: a log-in, a restart of the module, or a kind of fault."""

    name: str
    token: str
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a request: its outcome or an error, and what happened on the way."""

    events: list[Event]
    outcome: object = None
    error: ZorgidError | KeyMissing | None = None


_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    kind: tuple(each.name for each in fields(kind))
    for kind in (
        *(GivePin, Reach, Find, Sign, List, Generate, Destroy),
        *(Answer, Event, FoundKey, KeyName, Operation, TokenObject),
        *(ConfigurationInvalid, EnvironmentMissing, SignerUnavailable),
    )
}
_KINDS: Final = {kind.__name__: kind for kind in _FIELDS}
_REMEMBERED: Final = 16


_OCTETS: Final = b'["bytes", "'
_SIGNED: Final = b'["Answer", ["list"], ["bytes", "', b'"], null]\n'
"""Before and after the octets of a signature that nothing else is said of."""


def encoded(value: object) -> bytes:
    """One line. Lines of one key differ in their octets alone: the rest is put together once."""
    if isinstance(value, Sign):
        asked = value.operation
        before, after = _around(value.key, asked.mechanism, asked.digest)
        return before + asked.data.hex().encode() + after
    match value:
        case Answer(outcome=bytes() as signature, events=[], error=None):
            return signature.hex().encode().join(_SIGNED)
        case _:
            return _written(value)


def decoded(line: bytes) -> object:
    """The value of a line.

    Raises:
        ValueError: it is none that `encoded` made.
    """
    before, after = _SIGNED
    if line.startswith(before) and line.endswith(after):
        octets = line[len(before) : -len(after)]
        return Answer(events=[], outcome=bytes.fromhex(octets.decode("ascii")))
    if line.startswith(b'["Sign", '):
        before, _, rest = line.rpartition(_OCTETS)
        octets, _, after = rest.partition(b'"')
        key, mechanism, digest = _asked(before + _OCTETS, b'"' + after)
        data = bytes.fromhex(octets.decode("ascii"))
        return Sign(key=key, operation=Operation(mechanism=mechanism, data=data, digest=digest))
    return _read(line)


@lru_cache(maxsize=_REMEMBERED)
def _around(key: KeyName, mechanism: str, digest: str | None) -> tuple[bytes, bytes]:
    """What stands before and after the octets of a request for a signature."""
    empty = Operation(mechanism=mechanism, data=b"", digest=digest)
    before, _, after = _written(Sign(key=key, operation=empty)).rpartition(_OCTETS)
    return before + _OCTETS, after


@lru_cache(maxsize=_REMEMBERED)
def _asked(before: bytes, after: bytes) -> tuple[KeyName, str, str | None]:
    """The inverse of `_around`."""
    value = _read(before + after)
    if isinstance(value, Sign):
        asked = value.key, value.operation.mechanism, value.operation.digest
        if _around(*asked) == (before, after):
            return asked
    raise ValueError("a line of another kind")


def _written(value: object) -> bytes:
    return json.dumps(_plain(value)).encode() + b"\n"


def _read(line: bytes) -> object:
    try:
        return _built(json.loads(line))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("a line of another kind") from error


def _plain(value: object) -> object:
    """Whatever is no JSON becomes a list that begins with its kind."""
    names = _FIELDS.get(type(value))
    if names is not None:
        return [type(value).__name__, *[_plain(getattr(value, name)) for name in names]]
    match value:
        case bytes():
            return ["bytes", value.hex()]
        case KeyType():
            return ["KeyType", value.value]
        case KeyMissing():
            return ["KeyMissing", str(value)]
        case list() | frozenset():
            return [type(value).__name__, *map(_plain, value)]
        case _:
            return value


def _built(value: object) -> object:
    if not isinstance(value, list):
        return value
    name, *parts = value
    match name:
        case "bytes":
            return bytes.fromhex(*parts)
        case "KeyType":
            return KeyType(*parts)
        case "KeyMissing":
            return KeyMissing(*parts)
        case "list":
            return [_built(each) for each in parts]
        case "frozenset":
            return frozenset(parts)
        case _:
            kind = _KINDS[name]
            arguments = zip(_FIELDS[kind], map(_built, parts), strict=True)
            return kind(**dict(arguments))
