"""Checkpoints: what the journal's end was at a moment, signed and kept by others.

A chain alone shows neither that entries are missing at its end, nor that all of it was written
anew. Whoever has a checkpoint sees both.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from pki.domain.errors import ChainBroken, Malformed
from pki.domain.event_codec import decode_time, encode_time
from pki.domain.journal import JournalHead, RawEntry, canonical_json, verify_chain

TYPE: Final = "zorg-id-journal-checkpoint"
VERSION: Final = 1

_WHAT: Final = "checkpoint"
_REWRITTEN: Final = "stop issuing; compare with the last export, and restore from a backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where the journal of an installation ended at a moment."""

    installation: str
    kind: str
    head: JournalHead
    at: datetime

    @property
    def content(self) -> bytes:
        """What is signed: the UTF-8 text of a JSON object, encoded as journal entries are."""
        return canonical_json(
            {
                "type": TYPE,
                "version": VERSION,
                "installation": {"id": self.installation, "kind": self.kind},
                "position": self.head.position,
                "digest": self.head.digest.hex(),
                "at": encode_time(self.at),
            }
        )

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The inverse of `content`.

        Raises:
            Malformed: not a checkpoint of this version.
        """
        try:
            value: dict[str, Any] = json.loads(content)
            if (value["type"], value["version"]) != (TYPE, VERSION):
                raise ValueError
            found = cls(
                installation=str(value["installation"]["id"]),
                kind=str(value["installation"]["kind"]),
                head=JournalHead(
                    position=int(value["position"]), digest=bytes.fromhex(value["digest"])
                ),
                at=decode_time(value["at"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            found = None
        if found is None or found.content != content:
            raise Malformed(
                what=_WHAT,
                message="what was signed is no checkpoint that this program knows",
                next_step="name a checkpoint as it is served at /journal/checkpoint.p7m",
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint as CMS SignedData (DER), made at ``at`` of the journal up to ``position``."""

    position: int
    at: datetime
    signed: bytes


def verify_against(
    entries: Iterable[RawEntry],
    checkpoints: Iterable[Checkpoint],
    *,
    after: JournalHead | None = None,
) -> JournalHead:
    """Verify the chain, and that it goes through every one of these checkpoints.

    ``after`` is what the first entry follows, where it is not the journal's first.

    Raises:
        ChainBroken: an entry does not hold, or the journal is not the one a checkpoint is of.
    """
    wanted = sorted(checkpoints, key=lambda each: each.head.position)
    looked_for = {each.head.position for each in wanted}
    found: dict[int, bytes] = {0: bytes(32)}
    if after is not None:
        found[after.position] = after.digest

    def watched() -> Iterator[RawEntry]:
        for entry in entries:
            if entry.position in looked_for:
                found[entry.position] = entry.digest
            yield entry

    head = verify_chain(watched(), after=after)
    for each in wanted:
        _require_same(each, found.get(each.head.position), head)
    return head


def _require_same(checkpoint: Checkpoint, digest: bytes | None, head: JournalHead) -> None:
    position, at = checkpoint.head.position, encode_time(checkpoint.at)
    if digest is None:
        raise ChainBroken(
            position=head.position + 1,
            message=f"the journal ends at {head.position}; at {at} it had {position} entries",
            next_step=_REWRITTEN,
        )
    if digest != checkpoint.head.digest:
        raise ChainBroken(
            position=position,
            message=f"entry {position} is not the one of {at}: it or one before was rewritten",
            next_step=_REWRITTEN,
        )
