"""`zorgid journal verify|export|show`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pki.domain.errors import ChainBroken, ConfigurationInvalid, Malformed
from pki.domain.event_codec import encode_time
from pki.domain.evidence.checkpoints import Checkpoint, verify_against
from pki.domain.journal import GENESIS, JournalHead, RawEntry, canonical_json
from pki.store.reading import ReadSession, ReadStore
from server.checkpoints.verifying import read_checkpoints
from server.files import new_file
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

    Without ``roots``, those of the configuration do.
    """

    checkpoints: Sequence[str] = ()
    roots: Sequence[Path] = ()


def verify(config: Path, export_file: Path | None, against: Against | None = None) -> Report:
    """Verify the store's journal, or an export of it without any configuration.

    Raises:
        ChainBroken: names the first entry that does not hold, or the checkpoint it contradicts.
        Malformed: the file is not an export, or a checkpoint is none.
        SignatureBroken: a checkpoint is not to be believed.
        ConfigurationInvalid, Unavailable: a checkpoint cannot be read.
    """
    checkpoints = [] if against is None else _checkpoints(config, against)
    if export_file is not None:
        progress(f"verifying {export_file}")
        head = verify_against(_read_export(export_file), checkpoints)
    else:
        progress("verifying the store's journal")
        head = _verify_store(config, checkpoints)
    if head.position == 0:
        raise Malformed(
            what="journal",
            message="there is no journal entry at all",
            next_step="name a file made by: zorgid journal export",
        )
    result: dict[str, Any] = {"position": head.position, "digest": head.digest.hex()}
    if checkpoints:
        result["checkpoints"] = [each.head.position for each in checkpoints]
    return Report(
        result=result,
        lines=[
            f"journal verifies: {head.position} entries, head {head.digest.hex()}",
            *(
                f"it goes through entry {each.head.position}, signed at {encode_time(each.at)}"
                for each in checkpoints
            ),
        ],
    )


def _checkpoints(config: Path, against: Against) -> list[Checkpoint]:
    if not against.checkpoints:
        return []
    roots = against.roots or [root.certificate for root in load(config).root]
    return read_checkpoints(against.checkpoints, tuple(map(read_certificate_file, roots)))


def _verify_store(config: Path, checkpoints: Sequence[Checkpoint]) -> JournalHead:
    with open_store(config) as store:
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


def export(config: Path, target: Path) -> Report:
    """Write every entry as one line of canonical JSON, its digest included.

    Raises:
        ConfigurationInvalid: the file exists, or cannot be made; nothing is ever replaced.
    """
    head = JournalHead(position=0, digest=GENESIS)

    def write(session: ReadSession, file: BinaryIO) -> JournalHead:
        last = head
        for entry in _all_entries(session):
            file.write(canonical_json(_as_json(entry)) + b"\n")
            last = JournalHead(position=entry.position, digest=entry.digest)
        return last

    with open_store(config) as store:
        progress(f"writing the journal to {target}")
        try:
            with new_file(target) as file:
                head = store.read_sync(lambda session: write(session, file))
        except FileExistsError as error:
            raise ConfigurationInvalid(
                key="target",
                message=f"{target} exists already",
                next_step="name a new file: an export is never replaced",
            ) from error
    return Report(
        result={"file": str(target), "position": head.position, "digest": head.digest.hex()},
        lines=[
            f"{head.position} entries written to {target}",
            f"verify them anywhere with: zorgid journal verify {target}",
        ],
    )


def entries(config: Path, *, after: int, limit: int) -> Report:
    """Show entries as they stand."""
    with open_store(config) as store:
        found = store.read_sync(lambda session: tuple(session.raw_journal(after, limit)))
    lines = [
        f"{entry.position:>8}  {entry.at}  {entry.kind:<26} {_shown(entry.payload)}"
        for entry in found
    ]
    return Report(
        result={"entries": [_as_json(entry) for entry in found]},
        lines=lines or [f"no entries after {after}"],
    )


def _shown(payload: Any) -> str:  # noqa: ANN401 -- JSON scalars of any event
    return " ".join(f"{name}={value}" for name, value in payload.items() if value is not None)


def _as_json(entry: RawEntry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "at": entry.at,
        "actor": entry.actor,
        "ura": entry.ura,
        "kind": entry.kind,
        "payload": dict(entry.payload),
        "previous": entry.previous.hex(),
        "digest": entry.digest.hex(),
    }


def _read_export(path: Path) -> Iterator[RawEntry]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield _read_line(line, number)
    except OSError as error:
        raise ConfigurationInvalid(
            key="export",
            message=f"{path} cannot be read: {error.strerror}",
            next_step="name a file made by: zorgid journal export",
        ) from error


def _read_line(line: bytes, number: int) -> RawEntry:
    try:
        value = json.loads(line)
        return RawEntry(
            position=value["position"],
            at=value["at"],
            actor=value["actor"],
            ura=value["ura"],
            kind=value["kind"],
            payload=value["payload"],
            previous=bytes.fromhex(value["previous"]),
            digest=bytes.fromhex(value["digest"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"line {number} of the export is not a journal entry"
        if number == 1:
            raise Malformed(
                what="journal export",
                message=message,
                next_step="name a file made by: zorgid journal export",
            ) from None
        raise ChainBroken(
            position=number,
            message=message,
            next_step="make a new export; if the store's journal verifies, this file was damaged",
        ) from None
