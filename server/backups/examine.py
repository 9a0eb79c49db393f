"""What `zorgid doctor` looks at of backups: age, the file's octets, and whose journal it has."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from server.backups.record import LastBackup, read_record
from server.commands.backup.stored import digest_at
from server.commands.findings import Finding, ok, problem, warning
from server.settings import Settings

ABOUT: Final = "backup"
LATE: Final = timedelta(hours=26)
"""One is made each night; two hours are for one that takes its time."""
FAR_TOO_LATE: Final = timedelta(days=7)
READ_WHOLE: Final = 4 << 30
"""Octets; a larger file would keep the disk busy for long: of that the size alone is compared."""

_MAKE: Final = "make one, and let a timer do so each night: zorgid backup FILE --to CERTIFICATE"


def examine_backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The last one that was made here; practice is not told to make any."""
    practice = settings.installation.kind == "practice"
    last = read_record(settings)
    if last is None:
        text = "none is recorded on this computer"
        yield ok(ABOUT, f"{text}; practice needs none") if practice else problem(ABOUT, text, _MAKE)
        return
    yield judge_age(last, now, practice=practice)
    yield judge_file(last)
    yield judge_journal(last, digest_at(settings.store.url, last.position))


def judge_age(last: LastBackup, now: datetime, *, practice: bool) -> Finding:
    """Late after a night without one."""
    age = now - last.moment
    text = f"the last was made at {last.moment:%Y-%m-%d %H:%M} UTC, of {last.position} entries"
    if practice or age <= LATE:
        return ok(ABOUT, text)
    late = problem if age > FAR_TOO_LATE else warning
    hours = age // timedelta(hours=1)
    return late(ABOUT, f"{text}: {hours} hours ago", _MAKE)


def judge_file(last: LastBackup) -> Finding:
    """A file that was taken elsewhere is where it should be; one that stands here must be whole."""
    path = Path(last.file)
    if not path.is_file():
        return ok(ABOUT, f"{path} stands here no more: taken elsewhere, as it should be")
    damaged = f"{path} is not what was written"
    another = "keep it aside, make another one, and have the disk looked at"
    if path.stat().st_size != last.size:
        return problem(ABOUT, damaged, another)
    if last.size > READ_WHOLE:
        return ok(ABOUT, f"{path} has its size; too large to be read whole here")
    with path.open("rb") as file:
        whole = hashlib.file_digest(file, "sha256").hexdigest() == last.sha256
    return ok(ABOUT, f"{path} is whole") if whole else problem(ABOUT, damaged, another)


def judge_journal(last: LastBackup, digest: str | None) -> Finding:
    """The journal goes on from where it was when the backup was made, or one of them is another."""
    if last.position == 0 or digest == last.digest:
        return ok(ABOUT, "the journal goes on from where it was then")
    return problem(
        ABOUT,
        f"the journal does not go through entry {last.position} as it was backed up",
        "one of the two was put back or changed: stop issuing, compare both with an export",
    )
