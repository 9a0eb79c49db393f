"""What `zorgid doctor` makes of the last backup."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pki.domain.errors import IntegrityBroken
from pki.domain.event_codec import encode_time
from server.backups.examine import FAR_TOO_LATE, LATE, judge_age, judge_file, judge_journal
from server.backups.record import LastBackup, read_record, record_path, write_record
from server.settings import Settings
from stores.samples import NOON

TICK = timedelta(microseconds=1)
OCTETS = b"encrypted"


def last(folder: Path) -> LastBackup:
    path = folder / "backup.cms"
    path.write_bytes(OCTETS)
    return LastBackup(
        file=str(path),
        size=len(OCTETS),
        sha256=hashlib.sha256(OCTETS).hexdigest(),
        made_at=encode_time(NOON),
        position=7,
        digest="ab" * 32,
    )


def settings(folder: Path) -> Settings:
    """As far as the place of the record needs them."""
    store = SimpleNamespace(path=folder / "zorgid.sqlite3")
    return cast("Settings", SimpleNamespace(store=store, secrets=folder))


@pytest.mark.parametrize(
    ("age", "level"),
    [
        (timedelta(0), "ok"),
        (LATE, "ok"),
        (LATE + TICK, "warning"),
        (FAR_TOO_LATE, "warning"),
        (FAR_TOO_LATE + TICK, "problem"),
    ],
)
def test_a_night_without_one_is_told(tmp_path: Path, age: timedelta, level: str) -> None:
    made = last(tmp_path)
    finding = judge_age(made, NOON + age, practice=False)
    assert (finding.level, bool(finding.next_step)) == (level, level != "ok")
    assert judge_age(made, NOON + age, practice=True).level == "ok"


def test_a_file_that_stands_here_is_whole(tmp_path: Path) -> None:
    made = last(tmp_path)
    assert judge_file(made).level == "ok"
    path = Path(made.file)
    for octets in (OCTETS[:-1], OCTETS[:-1] + b"!"):
        path.write_bytes(octets)
        found = judge_file(made)
        assert (found.level, bool(found.next_step)) == ("problem", True)
    path.unlink()
    assert judge_file(made).level == "ok"


def test_a_journal_that_was_put_back_is_found(tmp_path: Path) -> None:
    made = last(tmp_path)
    assert judge_journal(made, made.digest).level == "ok"
    assert judge_journal(made, None).level == "problem"
    assert judge_journal(made, "cd" * 32).level == "problem"
    assert judge_journal(replace(made, position=0), None).level == "ok"


def test_the_record_reads_back_and_is_for_its_owner(tmp_path: Path) -> None:
    where = settings(tmp_path)
    assert read_record(where) is None
    made = last(tmp_path)
    write_record(where, made)
    write_record(where, made)
    assert read_record(where) == made
    assert record_path(where).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"{}", b'{"file": 1}', b"\xff", b'"', b"null", b"[" * 100_000]
)
def test_a_record_that_says_nothing_is_told(tmp_path: Path, octets: bytes) -> None:
    where = settings(tmp_path)
    record_path(where).write_bytes(octets)
    with pytest.raises(IntegrityBroken):
        read_record(where)


def test_a_record_without_a_time_is_told(tmp_path: Path) -> None:
    where = settings(tmp_path)
    write_record(where, replace(last(tmp_path), made_at="yesterday"))
    with pytest.raises(IntegrityBroken) as found:
        read_record(where)
    assert "zorgid backup" in found.value.next_step
