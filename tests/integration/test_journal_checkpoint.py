"""Whoever holds a checkpoint finds a history that was written anew, whole and in order."""

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crl.sinks.folder import FolderSink
from fakes.listener import listening
from installed.practice import Practice
from pki.domain.events import ServiceStarted
from pki.domain.evidence.published import INDEX, NEWEST, month_path, read_months
from pki.domain.journal import GENESIS, RawEntry, canonical_json, entry_digest
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from server.checkpoints.examine import GRACE, examine_checkpoints
from server.checkpoints.handler import PREFIX, CheckpointHandler
from server.checkpoints.maker import CheckpointMaker
from server.checkpoints.publishing import CheckpointPublisher
from server.cli import run
from server.crls.sinks import StoreCheckpoints
from server.evidence.key import open_evidence
from server.setting.sinks import CrlFolderSettings
from server.settings import load
from strangers.nginx import nginx_before

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


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Any web server, on loopback, that gives the files of a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


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


@pytest.mark.nginx
async def test_a_rewritten_history_is_caught_by_what_is_published(
    practice: Practice, checkpoint: Path, tmp_path: Path
) -> None:
    """In a folder behind a web server, and by a status node: whoever has the store has no key."""
    folder = tmp_path / "published"
    folder.mkdir()
    settings = load(practice.config)
    reader = ReadStore.open(settings.store.url)
    sink = FolderSink(folder, archive_days=0, clock=SystemClock())
    await CheckpointPublisher(sink, StoreCheckpoints(reader)).step()
    assert await sink.read(NEWEST) == await asyncio.to_thread(checkpoint.read_bytes)
    routes = {PREFIX.encode(): CheckpointHandler(reader)}
    async with listening(routes) as (_, port), nginx_before(port, tmp_path) as proxied:
        with web_server(folder) as copied:
            listed = [f"{copied}/{INDEX}", f"http://127.0.0.1:{proxied}/{INDEX}"]
            month = month_path(read_months((folder / INDEX).read_bytes())[0])
            listed += [f"{copied}/{month}", f"{copied}/{NEWEST}", str(folder)]
            config = ("--config", str(practice.config))
            for each in listed:
                code, found = await asyncio.to_thread(asked, *config, "--checkpoint", each)
                assert (code, set(found["checkpoints"])) == (0, {found["checkpoints"][0]})
            await asyncio.to_thread(rewrite, practice)
            assert (await asyncio.to_thread(asked, *config))[0] == 0
            for each in listed:
                code, found = await asyncio.to_thread(asked, *config, "--checkpoint", each)
                assert (code, "rewritten" in found["message"]) == (1, True)
            elsewhere = f"{copied}/{INDEX}".replace("/index.json", "/other.json")
            code, found = await asyncio.to_thread(asked, *config, "--checkpoint", elsewhere)
            assert (code, bool(found["next"])) == (4, True)
    reader.close_sync()
    sink.close()


def test_a_folder_without_any_vouches_for_nothing(practice: Practice, tmp_path: Path) -> None:
    config = ("--config", str(practice.config))
    code, found = asked(*config, "--checkpoint", str(tmp_path))
    assert (code, "holds no checkpoint" in found["message"]) == (2, True)


def test_doctor_holds_the_journal_against_each_sink(
    practice: Practice, checkpoint: Path, tmp_path: Path
) -> None:
    assert checkpoint.is_file()
    folder = tmp_path / "published"
    folder.mkdir()
    plain, now = load(practice.config), SystemClock().now()
    settings = plain.model_copy(update={"crl_folder": CrlFolderSettings(path=folder)})

    def found(later: timedelta = timedelta()) -> tuple[str, str]:
        *_, last = examine_checkpoints(settings, now + later)
        assert last.level == "ok" or last.next_step
        return last.level, last.text

    assert found()[0] == "warning"
    assert found(2 * GRACE) == ("problem", "folder shows no checkpoint")
    reader = ReadStore.open(settings.store.url)
    sink = FolderSink(folder, archive_days=0, clock=SystemClock())
    asyncio.run(CheckpointPublisher(sink, StoreCheckpoints(reader)).step())
    reader.close_sync()
    sink.close()
    assert found()[0] == "ok"
    with closing(sqlite3.connect(practice.layout.store, isolation_level=None)) as database:
        kept = database.execute("SELECT * FROM checkpoints").fetchall()
        database.execute("UPDATE checkpoints SET at = at - 60000000")
        assert "later than any of the store" in found()[1]
        database.execute("UPDATE checkpoints SET at = at + 61000000")
        assert found(2 * GRACE)[1].endswith("not the newest")
        assert len(kept) == 1
    rewrite(practice)
    level, text = found()
    assert (level, "not the one that was signed" in text) == ("problem", True)
    (folder / NEWEST).write_bytes(b"garbage")
    assert found()[0] == "problem"


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
