"""What `zorgid doctor` looks at of checkpoints: whether the newest is as new as it should be."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, warning
from server.settings import Settings

ABOUT: Final = "checkpoint"
_STEP: Final = "run the role issuance, and look there for: no checkpoint of the journal was made"


def examine_checkpoints(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Two intervals old is late; without an evidence key there are none, and that is told there."""
    if settings.evidence is None:
        return
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        newest = store.read_sync(ReadSession.latest_checkpoint)
    finally:
        store.close_sync()
    if newest is None:
        yield warning(ABOUT, "the journal's end was never signed", _STEP)
        return
    made = f"entry {newest.position} was signed at {newest.at:%Y-%m-%d %H:%M:%S} UTC"
    if now - newest.at > timedelta(seconds=2 * settings.evidence.checkpoint_seconds):
        yield warning(ABOUT, f"{made}: older than two intervals", _STEP)
        return
    yield ok(ABOUT, made)
