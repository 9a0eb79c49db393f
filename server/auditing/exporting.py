"""`zorgid journal export`: all entries, or those of a time; signed if wanted."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from pki.domain.errors import ChainBroken, ConfigurationInvalid, Malformed, NotFound
from pki.domain.event_codec import encode_time
from pki.domain.evidence.exports import ExportStatement
from pki.domain.journal import JournalHead, canonical_json, exported, verify_chain
from pki.ports import Clock
from pki.store.reading import ReadSession, ReadStore
from server.evidence.key import open_evidence
from server.files import new_file, write_new
from server.report import Report, progress
from server.settings import Settings, load

_BATCH: Final = 2000
SUFFIX: Final = ".p7m"
"""What the signed statement's name adds to that of the export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From ``since`` to before ``until``; None is the journal's own begin or end."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def typed(cls, since: str | None, until: str | None) -> "Span":
        """Read days (2026-01-01, in UTC) or moments with their time zone.

        Raises:
            Malformed: another form, or an end that is not after the begin.
        """
        span = cls(since=_moment(since), until=_moment(until))
        if span.since is not None and span.until is not None and span.since >= span.until:
            raise Malformed(
                what="time", message="--to is not after --from", next_step="--to is not included"
            )
        return span


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What stands in the file: ``before`` is what its first entry follows."""

    installation: tuple[str, str]
    before: JournalHead
    last: JournalHead
    sha256: str


def export(config: Path, target: Path, span: Span, *, sign: bool, clock: Clock) -> Report:
    """Write entries as lines of canonical JSON, each with its digest; verified on the way.

    With ``sign`` a statement about the file, by the evidence key, stands beside it.

    Raises:
        ConfigurationInvalid: a file exists, which is never replaced; or no key to sign with.
        NotFound: there is no entry of that time.
        ChainBroken: the journal does not hold; no file is left.
    """
    settings = load(config)
    if target.exists():
        raise _exists(target)
    beside = target.with_name(f"{target.name}{SUFFIX}")
    if sign and beside.exists():
        raise _exists(beside)
    progress(f"writing the journal to {target}")
    written = _write(settings, target, span)
    if sign:
        try:
            write_new(beside, _statement(settings, written, span, clock.now()))
        except BaseException:
            target.unlink()
            raise
    return _report(written, target, beside if sign else None)


def _write(settings: Settings, target: Path, span: Span) -> _Written:
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        with new_file(target) as file:
            return store.read_sync(lambda session: _entries(session, file, span))
    except FileExistsError as error:
        raise _exists(target) from error
    finally:
        store.close_sync()


def _entries(session: ReadSession, file: BinaryIO, span: Span) -> _Written:
    head = session.head()
    first = 1 if span.since is None else _first_at(session, span.since, head.position)
    last = head.position
    if span.until is not None:
        last = _first_at(session, span.until, head.position) - 1
    if first > last:
        raise NotFound(
            what="journal entry",
            message="there is no journal entry of that time",
            next_step="zorgid journal show says of which times there are",
        )
    start = next(session.raw_journal(first - 1, 1))
    before = JournalHead(position=first - 1, digest=start.previous)
    sha256, after = hashlib.sha256(), before
    while after.position < last:
        batch = tuple(session.raw_journal(after.position, min(_BATCH, last - after.position)))
        if not batch:
            break
        after = verify_chain(batch, after=after)
        for entry in batch:
            line = canonical_json(exported(entry)) + b"\n"
            sha256.update(line)
            file.write(line)
    if after.position < last or (last == head.position and after != head):
        raise ChainBroken(
            position=after.position + 1,
            message=f"the head says {head.position} entries, the journal has {after.position}",
            next_step="entries are missing at the end: compare with the last export",
        )
    return _Written(
        installation=session.installation() or ("", ""),
        before=before,
        last=after,
        sha256=sha256.hexdigest(),
    )


def _first_at(session: ReadSession, at: datetime, entries: int) -> int:
    """The first position at or after a time; times never go back along the journal."""
    low, high = 1, entries + 1
    wanted = encode_time(at)
    while low < high:
        middle = (low + high) // 2
        found = next(session.raw_journal(middle - 1, 1), None)
        if found is not None and found.at < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def _statement(settings: Settings, written: _Written, span: Span, now: datetime) -> bytes:
    if settings.evidence is None:
        raise ConfigurationInvalid(
            key="evidence",
            message="the configuration has no section [evidence], so nothing can be signed",
            next_step="name the evidence key there; see zorgid.example.toml",
        )
    installation, kind = written.installation
    statement = ExportStatement(
        installation=installation,
        kind=kind,
        first=written.before.position + 1,
        last=written.last.position,
        previous=written.before.digest.hex(),
        digest=written.last.digest.hex(),
        file_sha256=written.sha256,
        since=None if span.since is None else encode_time(span.since),
        until=None if span.until is None else encode_time(span.until),
        at=encode_time(now),
    )
    key = open_evidence(settings, settings.evidence)
    return asyncio.run(key.sign(statement.content, now))


def _report(written: _Written, target: Path, signed: Path | None) -> Report:
    first, last = written.before.position + 1, written.last
    count = last.position - first + 1
    also = "" if signed is None else f" --signature {signed} --root ROOT.pem"
    how = f"verify them anywhere with: zorgid journal verify {target}{also}"
    if signed is None and first > 1:
        how = "a part can only be verified when it was signed: use --sign"
    return Report(
        result={
            "file": str(target),
            "first": first,
            "position": last.position,
            "digest": last.digest.hex(),
            "sha256": written.sha256,
            "signature": None if signed is None else str(signed),
        },
        lines=[
            f"{count} entries written to {target}",
            *([] if signed is None else [f"what they are, signed: {signed}"]),
            how,
        ],
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and len(text) == len("2026-01-01"):
        return moment.replace(tzinfo=UTC)
    if moment is None or moment.utcoffset() is None:
        raise Malformed(
            what="time",
            message=f"{text} is neither a day nor a time with its time zone",
            next_step="for example 2026-01-01, or 2026-11-22T09:30:00Z",
        )
    return moment.astimezone(UTC)


def _exists(path: Path) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="target",
        message=f"{path} exists already",
        next_step="name a new file: an export is never replaced",
    )
