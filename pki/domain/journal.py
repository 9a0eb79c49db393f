"""The journal's chain: how an entry is encoded and hashed, and how anyone verifies it.

An entry's digest is SHA-256 over its canonical encoding: the UTF-8 text of a JSON object with the
members ``actor``, ``at``, ``kind``, ``payload``, ``position``, ``previous`` and ``ura``, names
sorted, no white space, no escapes but those JSON requires, all values text, integers or null.
``previous`` is the digest of the entry before, in hexadecimal; the first entry (position 1) follows
`GENESIS`. Two programs that agree on this paragraph agree on every digest.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import Final

from pki.domain.errors import ChainBroken
from pki.domain.event_codec import JsonScalar, encode, encode_time, encoded_fields
from pki.domain.events import Event
from pki.domain.people import Actor

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

GENESIS: Final = bytes(32)
"""What the first entry follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHead:
    """Position and digest of the last entry; position 0 and `GENESIS` when there is none."""

    position: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One row of the journal. Positions count from 1 without gaps, in the order of commits."""

    position: int
    at: datetime
    actor: Actor
    event: Event
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as stored or exported, before anything in it is believed."""

    position: int
    at: str
    actor: str
    ura: str | None
    kind: str
    payload: Mapping[str, JsonScalar]
    previous: bytes
    digest: bytes


def append(head: JournalHead, *, at: datetime, actor: Actor, event: Event) -> JournalEntry:
    """Make the entry that follows ``head``."""
    return append_stored(head, at=at, actor=actor, event=event)[0]


def append_stored(
    head: JournalHead, *, at: datetime, actor: Actor, event: Event
) -> tuple[JournalEntry, str]:
    """As `append`, and the canonical text of the payload, which is stored and hashed."""
    position = head.position + 1
    payload = _object(event)
    # `canonical_json` of the whole, put together here: encoding a payload once is half of the work.
    ura = "null" if actor.ura is None else f'"{actor.ura.value}"'
    text = (
        f'{{"actor":{encode_basestring(actor_text(actor))},"at":"{encode_time(at)}"'
        f',"kind":"{event.KIND}","payload":{payload},"position":{position}'
        f',"previous":"{head.digest.hex()}","ura":{ura}}}'
    )
    entry = JournalEntry(
        position=position,
        at=at,
        actor=actor,
        event=event,
        previous=head.digest,
        digest=hashlib.sha256(text.encode()).digest(),
    )
    return entry, payload


def _object(event: Event) -> str:
    """As `canonical_json` encodes it; an encoder for whole objects takes longer to make than this.

    The names are fields of events, so they need no escapes.
    """
    members = [f'"{name}":{_scalar(value)}' for name, value in encoded_fields(event)]
    return f"{{{','.join(members)}}}"


def _scalar(value: JsonScalar) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    return "null" if value is None else _CANONICAL.encode(value)


def to_raw(entry: JournalEntry) -> RawEntry:
    """The stored form of an entry."""
    return RawEntry(
        position=entry.position,
        at=encode_time(entry.at),
        actor=actor_text(entry.actor),
        ura=None if entry.actor.ura is None else entry.actor.ura.value,
        kind=entry.event.KIND,
        payload=encode(entry.event),
        previous=entry.previous,
        digest=entry.digest,
    )


def exported(entry: RawEntry) -> dict[str, object]:
    """An entry as exports and signed statements show it, its digest included."""
    return _hashed(entry) | {"digest": entry.digest.hex()}


def _hashed(entry: RawEntry) -> dict[str, object]:
    return {
        "position": entry.position,
        "at": entry.at,
        "actor": entry.actor,
        "ura": entry.ura,
        "kind": entry.kind,
        "payload": dict(entry.payload),
        "previous": entry.previous.hex(),
    }


def actor_text(actor: Actor) -> str:
    """``<role>:<id>``."""
    return f"{actor.role.value}:{actor.id}"


def canonical_json(value: Mapping[str, object]) -> bytes:
    """The one encoding of a JSON object that is hashed."""
    return _CANONICAL.encode(value).encode()


def entry_digest(entry: RawEntry) -> bytes:
    """SHA-256 of the canonical encoding; the entry's own ``digest`` is not part of it."""
    return hashlib.sha256(canonical_json(_hashed(entry))).digest()


def verify_chain(entries: Iterable[RawEntry], *, after: JournalHead | None = None) -> JournalHead:
    """Walk the entries and return the last one's head.

    Raises:
        ChainBroken: a position is missing, doubled or misplaced, or a digest does not hold.
    """
    head = after or JournalHead(position=0, digest=GENESIS)
    for entry in entries:
        if entry.position != head.position + 1:
            raise _broken(
                head.position + 1, f"entry {entry.position} stands where {head.position + 1} should"
            )
        if entry.previous != head.digest:
            raise _broken(entry.position, "does not follow the entry before it")
        if entry_digest(entry) != entry.digest:
            raise _broken(entry.position, "was changed: its digest does not match its content")
        head = JournalHead(position=entry.position, digest=entry.digest)
    return head


def _broken(position: int, why: str) -> ChainBroken:
    return ChainBroken(
        position=position,
        message=f"journal entry {position} {why}",
        next_step="stop issuing, keep store and backups as they are, compare with an export",
    )
