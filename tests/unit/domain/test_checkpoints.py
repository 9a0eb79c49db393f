"""A checkpoint shows what a chain alone cannot: another history, and an end that is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pki.domain.errors import ChainBroken, Malformed
from pki.domain.events import ServiceStarted
from pki.domain.evidence.checkpoints import Checkpoint, verify_against
from pki.domain.journal import GENESIS, JournalHead, RawEntry, append, to_raw
from pki.domain.people import SYSTEM

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def journal(*versions: str) -> list[RawEntry]:
    head, entries = JournalHead(position=0, digest=GENESIS), []
    for number, version in enumerate(versions):
        event = ServiceStarted(roles="all", version=version)
        entry = append(head, at=NOON + timedelta(seconds=number), actor=SYSTEM, event=event)
        head = JournalHead(position=entry.position, digest=entry.digest)
        entries.append(to_raw(entry))
    return entries


def checkpoint(entries: list[RawEntry]) -> Checkpoint:
    position, digest = (entries[-1].position, entries[-1].digest) if entries else (0, GENESIS)
    head = JournalHead(position=position, digest=digest)
    return Checkpoint(installation="i", kind="practice", head=head, at=NOON)


def test_a_journal_goes_through_each_of_its_checkpoints() -> None:
    entries = journal("1", "2", "3")
    made = [checkpoint(entries[:count]) for count in range(4)]
    assert verify_against(entries, made) == made[-1].head
    assert verify_against(entries, []) == made[-1].head


def test_another_history_is_found() -> None:
    rewritten = journal("1", "other", "3")
    kept = checkpoint(journal("1", "2", "3"))
    with pytest.raises(ChainBroken, match="rewritten") as found:
        verify_against(rewritten, [kept])
    assert found.value.position == 3
    assert verify_against(rewritten, [checkpoint(journal("1"))]).position == 3


def test_two_of_one_position_must_both_agree() -> None:
    """An hour without entries gives two of one position; a false one hides no true one."""
    entries = journal("1", "2")
    true, false = checkpoint(entries), checkpoint(journal("1", "other"))
    for made in ([true, false], [false, true]):
        with pytest.raises(ChainBroken, match="rewritten"):
            verify_against(entries, made)
    assert verify_against(entries, [true, true]).position == 2


def test_a_missing_end_is_found() -> None:
    entries = journal("1", "2", "3")
    with pytest.raises(ChainBroken, match="had 3 entries") as found:
        verify_against(entries[:2], [checkpoint(entries)])
    assert found.value.position == 3


def test_an_empty_journal_is_no_beginning_of_another() -> None:
    false = replace(checkpoint([]), head=JournalHead(position=0, digest=b"\1" * 32))
    with pytest.raises(ChainBroken):
        verify_against([], [false])


def test_what_is_signed_reads_back() -> None:
    made = checkpoint(journal("1"))
    assert Checkpoint.read(made.content) == made
    assert made.content.startswith(b'{"at":"2026-11-22T12:00:00.000000Z","digest":"')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":2'),
        (b"journal-checkpoint", b"status-statement"),
        (b'"position":1', b'"position":"1"'),
        (b'"position":1', b'"more":1,"position":1'),
        (b'"position":1', b'"position": 1'),
        (b'"at":"2026', b'"at":"026'),
        (b"{", b"["),
    ],
)
def test_anything_else_is_no_checkpoint(old: bytes, new: bytes) -> None:
    content = checkpoint(journal("1")).content
    assert old in content
    with pytest.raises(Malformed):
        Checkpoint.read(content.replace(old, new))
