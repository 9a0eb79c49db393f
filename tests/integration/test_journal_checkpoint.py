"""Whoever holds a checkpoint finds a history that was written anew, whole and in order."""

import asyncio
import json
import sqlite3
import subprocess
from contextlib import closing, redirect_stdout
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pki.domain.events import ServiceStarted
from pki.domain.journal import GENESIS, RawEntry, canonical_json, entry_digest
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from practice import Practice
from server.checkpoints.examine import examine_checkpoints
from server.checkpoints.maker import CheckpointMaker
from server.cli import run
from server.evidence.key import open_evidence
from server.settings import load

pytestmark = pytest.mark.openssl

EVENT = ServiceStarted(roles="all", version="1")


def asked(*words: str) -> tuple[int, dict[str, Any]]:
    with redirect_stdout(StringIO()) as printed:
        code = run(["journal", "verify", *words, "--json"])
    answer = json.loads(printed.getvalue())
    return code, answer.get("result") or answer["error"]


@pytest.fixture
def checkpoint(practice: Practice, tmp_path: Path) -> Path:
    """A checkpoint of the installation's journal, after which it goes on."""
    settings = load(practice.config)
    store = Store.open(settings.store.url, clock=SystemClock())
    reader = ReadStore.open(settings.store.url)
    record = partial(WriteSession.record, event=EVENT, actor=SYSTEM)
    store.write_sync(record)
    assert settings.evidence is not None
    maker = CheckpointMaker(
        (store, reader),
        open_evidence(settings, settings.evidence),
        clock=SystemClock(),
        every=timedelta(hours=1),
    )
    asyncio.run(maker.step())
    store.write_sync(record)
    store.close_sync()
    reader.close_sync()
    assert maker.latest is not None
    path = tmp_path / "checkpoint.p7m"
    path.write_bytes(maker.latest.signed)
    return path


def rewrite(practice: Practice) -> None:
    """Let the first entry be another, and every digest after it fit: as a thief of the disk can."""
    with closing(sqlite3.connect(practice.layout.store, isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
        for row in database.execute(triggers).fetchall():
            database.execute(f"DROP TRIGGER {row['name']}")
        previous = GENESIS
        with_names = ReadStore.open(f"sqlite:///{practice.layout.store}")
        entries = with_names.read_sync(lambda session: list(session.raw_journal(0, 10_000)))
        with_names.close_sync()
        for entry in entries:
            payload = dict(entry.payload)
            if entry.kind == EVENT.KIND:
                payload["version"] = "0.0.9"
            other = RawEntry(
                position=entry.position,
                at=entry.at,
                actor=entry.actor,
                ura=entry.ura,
                kind=entry.kind,
                payload=payload,
                previous=previous,
                digest=b"",
            )
            digest = entry_digest(other)
            database.execute(
                "UPDATE journal SET payload = ?, previous = ?, digest = ? WHERE position = ?",
                (canonical_json(payload).decode(), previous, digest, entry.position),
            )
            previous = digest
        database.execute("UPDATE journal_head SET digest = ?", (previous,))


def test_a_rewritten_history_is_caught(practice: Practice, checkpoint: Path) -> None:
    config = ("--config", str(practice.config))
    against = ("--checkpoint", str(checkpoint))
    code, found = asked(*config, *against)
    assert (code, len(found["checkpoints"])) == (0, 1)
    assert found["checkpoints"][0] < found["position"]
    rewrite(practice)
    code, found = asked(*config)
    assert (code, "checkpoints" in found) == (0, False)
    code, found = asked(*config, *against)
    assert code == 1
    assert "rewritten" in found["message"]
    assert found["next"]


def test_an_export_is_held_against_it_anywhere(
    practice: Practice, checkpoint: Path, tmp_path: Path
) -> None:
    export = tmp_path / "journal.jsonl"
    assert run(["journal", "export", str(export), "--config", str(practice.config)]) == 0
    root = ("--root", str(practice.layout.certificate("root")))
    against = ("--checkpoint", str(checkpoint), *root)
    assert asked(str(export), *against)[0] == 0
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[:-2]))
    assert asked(str(export))[0] == 0
    code, found = asked(str(export), *against)
    assert (code, "entries" in found["message"]) == (1, True)


def test_openssl_reads_it_and_what_nobody_vouches_for_is_refused(
    practice: Practice, checkpoint: Path, tmp_path: Path
) -> None:
    root = practice.layout.certificate("root")
    read = ("openssl", "cms", "-verify", "-inform", "DER", "-in", checkpoint)
    shown = subprocess.run(
        (*read, "-CAfile", root, "-purpose", "any", "-binary"),
        check=True,
        capture_output=True,
    ).stdout
    assert json.loads(shown)["type"] == "zorg-id-journal-checkpoint"
    config = ("--config", str(practice.config), "--checkpoint")
    strange = ("--root", str(practice.layout.certificate("token-ca-g1")))
    assert asked(*config, str(checkpoint), *strange)[0] == 1
    damaged = tmp_path / "damaged.p7m"
    damaged.write_bytes(checkpoint.read_bytes().replace(b'"position":', b'"positioN":'))
    assert asked(*config, str(damaged))[0] == 2
    code, found = asked(*config, str(tmp_path / "none.p7m"))
    assert (code, bool(found["next"])) == (2, True)
    assert asked(*config, "http://127.0.0.1:9/journal/checkpoint.p7m")[0] == 4


def test_doctor_tells_when_the_newest_is_old(practice: Practice, checkpoint: Path) -> None:
    settings, now = load(practice.config), SystemClock().now()
    assert checkpoint.is_file()

    def levels(at: datetime) -> list[str]:
        return [each.level for each in examine_checkpoints(settings, at)]

    assert levels(now) == ["ok"]
    assert levels(now + timedelta(hours=2, minutes=1)) == ["warning"]
    without = settings.model_copy(update={"evidence": None})
    assert list(examine_checkpoints(without, now)) == []


def test_doctor_tells_when_there_is_none(practice: Practice) -> None:
    (finding,) = examine_checkpoints(load(practice.config), SystemClock().now())
    assert (finding.level, bool(finding.next_step)) == ("warning", True)
