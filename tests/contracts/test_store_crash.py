"""Processes that write at the same time, and processes that are killed while they write."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pki.domain.events import ServiceStarted
from pki.domain.journal import verify_chain
from pki.domain.people import SYSTEM
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import SetClock

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import asyncio, sys
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store import engine
from pki.store.writing import Store

engine.BUSY_SECONDS = 120  # as long as the other writer takes, on any machine
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


def work(session):
    entry = session.record(ServiceStarted(roles=name, version="1"), SYSTEM)
    session.set_cursor(name, entry.position)
    session.record(ServiceStarted(roles=name, version="2"), SYSTEM)
    return entry.position


async def client(store):
    for _ in range(count):
        print(await store.write(work), flush=True)


async def main():
    store = Store.open(url, clock=SystemClock())
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(client(store))
    await store.close()


asyncio.run(main())
"""


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Writers of this test; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def writer(url: str, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.parametrize("answers", [1, 40, 200])
async def test_a_killed_writer_leaves_a_whole_journal(
    store_url: str, processes: list[subprocess.Popen[str]], answers: int
) -> None:
    process = writer(store_url, "victim", 1_000_000)
    processes.append(process)
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(answers)]
    process.kill()
    process.wait()
    answered += [int(line) for line in process.stdout if line.endswith("\n")]
    store = Store.open(store_url, clock=SetClock())
    again = ServiceStarted(roles="x", version="1")
    # A COMMIT on its way to the database when its sender died may still be carried out: it holds
    # the journal's head until then, so whoever writes next comes after it.
    entry = await store.write(lambda session: session.record(again, SYSTEM))
    await store.close()
    reads, last = ReadStore.open(store_url), entry.position - 1
    head = await reads.read(lambda session: verify_chain(session.raw_journal()))
    assert head == await reads.read(lambda session: session.head())
    assert head.position == entry.position
    # Each change wrote two entries and the cursor: all three are there, or none.
    assert last % 2 == 0
    assert await reads.read(lambda session: session.cursor("victim")) == last - 1
    assert last > max(answered)
    assert len(set(answered)) == len(answered)
    await reads.close()


async def test_two_processes_write_one_chain(
    store_url: str, processes: list[subprocess.Popen[str]]
) -> None:
    processes += [writer(store_url, name, 15) for name in ("one", "two")]
    answered = [[int(line) for line in process.stdout or ()] for process in processes]
    assert [process.wait() for process in processes] == [0, 0]
    assert [len(each) for each in answered] == [120, 120]
    together = answered[0] + answered[1]
    assert sorted(together) == list(range(1, 480, 2))
    reads = ReadStore.open(store_url)
    head = await reads.read(lambda session: verify_chain(session.raw_journal()))
    assert head.position == 480
    journal = await reads.read(lambda session: session.journal_after(0, 1000))
    by = {entry.position: entry.event for entry in journal}
    for name, positions in zip(("one", "two"), answered, strict=True):
        events = [ServiceStarted(roles=name, version=version) for version in "12"]
        assert all([by[each], by[each + 1]] == events for each in positions)
    await reads.close()
