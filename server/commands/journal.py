"""`zorgid journal verify|export|show`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pki.domain.errors import ChainBroken, Malformed
from pki.domain.event_codec import encode_time
from pki.domain.evidence.checkpoints import Checkpoint, verify_against
from pki.domain.journal import GENESIS, JournalHead, RawEntry, exported
from pki.store.reading import ReadSession, ReadStore
from server.auditing.verifying import verify_export, verify_statement
from server.checkpoints.verifying import read_checkpoints
from server.report import Report, progress
from server.roles.keys import read_certificate_file
from server.settings import load

_BATCH = 2000


@contextmanager
def open_store(config: Path) -> Iterator[ReadStore]:
    """The configured store, for reading, while the block runs."""
    store = ReadStore.open(load(config).store.url, threads=1)
    try:
        yield store
    finally:
        store.close_sync()


def _all_entries(session: ReadSession) -> Iterator[RawEntry]:
    after = 0
    while batch := tuple(session.raw_journal(after, _BATCH)):
        yield from batch
        after = batch[-1].position


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Checkpoints, by file or address, that the journal is held against; roots that vouch for them.

    Without ``roots``, those of the configuration do. ``signature`` is the statement that was signed
    beside an export.
    """

    checkpoints: Sequence[str] = ()
    roots: Sequence[Path] = ()
    signature: Path | None = None


def verify(config: Path, export_file: Path | None, against: Against | None = None) -> Report:
    """Verify the store's journal, or an export of it without any configuration.

    Raises:
        ChainBroken: names the first entry that does not hold, or the checkpoint it contradicts.
        Malformed: the file is not an export, or a checkpoint is none.
        SignatureBroken: a checkpoint is not to be believed.
        ConfigurationInvalid, Unavailable: a checkpoint cannot be read.
    """
    against = against or Against()
    checkpoints = _checkpoints(config, against)
    signed: list[str] = []
    if export_file is not None:
        progress(f"verifying {export_file}")
        part = against.signature is not None
        before, head = verify_export(export_file, checkpoints, part=part)
        signed = _signed(config, export_file, against, (before, head))
    else:
        before = JournalHead(position=0, digest=GENESIS)
        progress("verifying the store's journal")
        with open_store(config) as store:
            head = verify_store(store, checkpoints)
    if head == before:
        raise Malformed(
            what="journal",
            message="there is no journal entry at all",
            next_step="name a file made by: zorgid journal export",
        )
    result: dict[str, Any] = {"position": head.position, "digest": head.digest.hex()}
    what = f"{head.position} entries"
    if before.position:
        result["first"] = before.position + 1
        what = f"entries {before.position + 1} to {head.position}"
    if checkpoints:
        result["checkpoints"] = [each.head.position for each in checkpoints]
    return Report(
        result=result,
        lines=[
            f"journal verifies: {what}, head {head.digest.hex()}",
            *signed,
            *(
                f"it goes through entry {each.head.position}, signed at {encode_time(each.at)}"
                for each in checkpoints
            ),
        ],
    )


def _checkpoints(config: Path, against: Against) -> list[Checkpoint]:
    if not against.checkpoints:
        return []
    roots = tuple(map(read_certificate_file, _roots(config, against)))
    return read_checkpoints(against.checkpoints, roots)


def _signed(
    config: Path, export_file: Path, against: Against, found: tuple[JournalHead, JournalHead]
) -> list[str]:
    """What to say of the signature, if there is one."""
    if against.signature is None:
        return []
    roots = tuple(map(read_certificate_file, _roots(config, against)))
    statement = verify_statement(export_file, against.signature, roots, found)
    whose = f"{statement.kind} installation {statement.installation}"
    return [f"the file is the one that was signed at {statement.at} by {whose}"]


def _roots(config: Path, against: Against) -> Sequence[Path]:
    return against.roots or [root.certificate for root in load(config).root]


def verify_store(store: ReadStore, checkpoints: Sequence[Checkpoint] = ()) -> JournalHead:
    """Where the journal ends, which holds from its first entry to what the store says is its last.

    Raises:
        ChainBroken: an entry does not hold, is missing, or contradicts a checkpoint.
        StoreUnavailable: the store cannot be read.
    """
    found, recorded = store.read_sync(
        lambda session: (verify_against(_all_entries(session), checkpoints), session.head())
    )
    if found != recorded:
        raise ChainBroken(
            position=min(found.position, recorded.position) + 1,
            message=f"the head says {recorded.position} entries, the journal has {found.position}",
            next_step="entries are missing at the end: compare with the last export",
        )
    return found


def entries(config: Path, *, after: int, limit: int) -> Report:
    """Show entries as they stand."""
    with open_store(config) as store:
        found = store.read_sync(lambda session: tuple(session.raw_journal(after, limit)))
    lines = [
        f"{entry.position:>8}  {entry.at}  {entry.kind:<26} {_shown(entry.payload)}"
        for entry in found
    ]
    return Report(
        result={"entries": [exported(entry) for entry in found]},
        lines=lines or [f"no entries after {after}"],
    )


def _shown(payload: Any) -> str:  # noqa: ANN401 -- JSON scalars of any event
    return " ".join(f"{name}={value}" for name, value in payload.items() if value is not None)
