"""What `zorgid doctor` looks at of checkpoints: their age, and whether each sink shows them."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from crl.sinks.ports import PaperSink
from pki.domain.errors import ZorgidError
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.domain.evidence.published import NEWEST
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.trust.evidence import verify_evidence
from server.commands.findings import Finding, ok, problem, warning
from server.crls.sinks import configured_sinks
from server.roles.keys import read_certificate_file
from server.settings import Settings

ABOUT: Final = "checkpoint"
GRACE: Final = timedelta(minutes=2)
"""A checkpoint younger than this may still be on its way to a sink."""

_STEP: Final = "run the role issuance, and look there for: no checkpoint of the journal was made"
_BEHIND: Final = "look at the publisher's log for: checkpoints were not brought to their sink"
_REWRITTEN: Final = (
    "stop issuing, keep store and backups as they are, and hold the journal against the published "
    "list: zorgid journal verify --checkpoint"
)


def examine_checkpoints(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Two intervals old is late; without an evidence key there are none, and that is told there."""
    if settings.evidence is None:
        return
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        newest = store.read_sync(ReadSession.latest_checkpoint)
        if newest is None:
            yield warning(ABOUT, "the journal's end was never signed", _STEP)
            return
        made = f"entry {newest.position} was signed at {newest.at:%Y-%m-%d %H:%M:%S} UTC"
        if now - newest.at > timedelta(seconds=2 * settings.evidence.checkpoint_seconds):
            yield warning(ABOUT, f"{made}: older than two intervals", _STEP)
        else:
            yield ok(ABOUT, made)
        roots = tuple(read_certificate_file(root.certificate) for root in settings.root)
        for sink in configured_sinks(settings, SystemClock()):
            yield _guarded(sink, roots, store, (newest, now))
    finally:
        store.close_sync()


def _guarded(
    sink: PaperSink,
    roots: tuple[bytes, ...],
    store: ReadStore,
    expected: tuple[SignedCheckpoint, datetime],
) -> Finding:
    try:
        octets = asyncio.run(sink.read(NEWEST))
        there = None
        if octets is not None:
            there = Checkpoint.read(verify_evidence(octets, roots).content)
        return _sink(sink.name, there, store, expected)
    except ZorgidError as error:
        return problem(ABOUT, f"{sink.name}: {error.message}", error.next_step or _BEHIND)


def _sink(
    name: str,
    there: Checkpoint | None,
    store: ReadStore,
    expected: tuple[SignedCheckpoint, datetime],
) -> Finding:
    newest, now = expected
    late = now - newest.at > GRACE
    if there is None:
        shows = f"{name} shows no checkpoint"
        return problem(ABOUT, shows, _BEHIND) if late else warning(ABOUT, shows, _BEHIND)
    shown = f"{name} shows the one of {there.at:%Y-%m-%d %H:%M:%S} UTC"
    if not _goes_through(store, there):
        text = f"{shown}; the journal is not the one that was signed then"
        return problem(ABOUT, text, _REWRITTEN)
    if there.at < newest.at and late:
        return problem(ABOUT, f"{shown}, not the newest", _BEHIND)
    if there.at > newest.at:
        return problem(ABOUT, f"{shown}, later than any of the store", _REWRITTEN)
    return ok(ABOUT, f"{shown}, and the journal agrees with it")


def _goes_through(store: ReadStore, checkpoint: Checkpoint) -> bool:
    """Whether the journal has that very entry; the chain itself is examined elsewhere."""
    position = checkpoint.head.position
    if position == 0:
        return True
    found = store.read_sync(lambda session: tuple(session.raw_journal(position - 1, 1)))
    return any((each.position, each.digest) == (position, checkpoint.head.digest) for each in found)
