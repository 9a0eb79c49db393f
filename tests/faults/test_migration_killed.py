"""A schema is changed, or a store moved, by a process that is killed: then again, to the end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.sound import check_sound
from pki.domain.errors import SchemaMismatch, StoreUnavailable
from pki.ports import SystemClock
from pki.store import migrate
from pki.store.migrate import schema_revision
from pki.store.writing import Store
from server.commands.journal import verify
from server.demo.telling.tools import environment
from server.settings import load
from server.store.upgrade import verified_head
from stores.later_release import PATCHES, REVISION, make_scripts
from stores.samples import SetClock
from stores.steps import issue

pytestmark = [pytest.mark.slow]

SCRIPT = Path(__file__).parents[1] / "dying_migration.py"


@dataclass(frozen=True, kw_only=True)
class Mover:
    """The parent of those processes."""

    process: subprocess.Popen[str]
    count: Path

    def ask(self, **order: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order |= {"count": str(self.count)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def counted(self) -> int:
        return int(self.count.read_text())


@pytest.fixture(scope="module")
def mover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mover]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    yield Mover(process=process, count=tmp_path_factory.mktemp("mover") / "count")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait()
    process.stdout.close()


async def live(url: str) -> None:
    store = Store.open(url, clock=SetClock())
    await issue(store, 1, 2, 3)
    await store.close()


def test_a_schema_change_that_is_killed_anywhere_is_done_again(
    mover: Mover, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(live(store_url))
    before, scripts = verified_head(store_url), make_scripts(tmp_path)
    order = {"do": "upgrade", "url": store_url, "scripts": str(scripts)}
    number = 1
    while (code := mover.ask(**order, at=number)["code"]) == -signal.SIGKILL:
        assert schema_revision(store_url) == "0001", "all of it or nothing"
        assert verified_head(store_url) == before
        number += 1
    assert code == 0, "so often killed, it came to its end"
    assert schema_revision(store_url) == REVISION
    assert verified_head(store_url) == before
    assert number > len(("version", "column", "update", "table", "insert", "index"))
    monkeypatch.setattr(migrate, "_SCRIPTS", scripts)
    for module, name in PATCHES:
        monkeypatch.setattr(module, name, REVISION)
    Store.open(store_url, clock=SystemClock()).close_sync()


def test_who_starts_while_the_schema_changes_is_refused(
    mover: Mover, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(live(store_url))
    order = {"do": "upgrade", "url": store_url, "scripts": str(make_scripts(tmp_path))}
    stopped = mover.ask(**order, at=6, signal=signal.SIGSTOP)
    try:
        assert stopped["code"] is None
        for module, name in PATCHES:
            monkeypatch.setattr(module, name, REVISION)
        with pytest.raises((SchemaMismatch, StoreUnavailable)) as refused:
            Store.open(store_url, clock=SystemClock())
        assert refused.value.next_step
    finally:
        os.kill(stopped["pid"], signal.SIGKILL)


@pytest.mark.postgres
async def test_a_move_that_is_killed_anywhere_is_done_again(
    practice: Practice, mover: Mover, postgres_url: str, nursery: Nursery
) -> None:
    with nursery.serving(practice):
        await practice.make_card(employee(950))
    config, first = practice.config, load(practice.config).store.url
    before = verified_head(first)
    order = {"do": "move", "config": str(config), "to": postgres_url}
    for at in (1, 8, 40, 120, "replace_file", "rename"):
        assert load(config).store.url == first
        assert mover.ask(**order, at=at)["code"] == -signal.SIGKILL, f"{at} of {mover.counted()}"
        assert verify(config, None).code == 0
        assert verified_head(load(config).store.url) == before
    assert load(config).store.url == postgres_url
    again = practice.zorgid("store", "move", "--to", postgres_url, "--config", str(config))
    assert "in PostgreSQL already" in again.stderr
    with nursery.serving(practice):
        await check_sound(practice)
