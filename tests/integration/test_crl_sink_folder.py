"""CRLs in a folder: whole, readable, never older than what was there; the archive ends in time."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from crl.sinks.folder import FolderSink
from pki.der.crl import read_crl_frame
from pki.domain.errors import Conflict, Unavailable
from status_side.crl_sinks import FIRST, SECOND, PublishingHouse

ROUNDS = 12


class Kept:
    """A folder that is followed by nobody: the test says what is put there."""

    def __init__(self, folder: Path, days: int = 0) -> None:
        self.house = PublishingHouse()
        self.folder = folder
        self.sink = FolderSink(folder, archive_days=days, clock=self.house.clock)

    def files(self) -> set[str]:
        paths = self.folder.rglob("*")
        return {str(path.relative_to(self.folder)) for path in paths if path.is_file()}


@pytest.mark.openssl
async def test_openssl_verifies_what_lies_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    kept = Kept(folder)
    crl = await kept.house.publish()
    assert await kept.sink.shown("a") is None
    assert await kept.sink.show("a", crl)
    path = folder / "a.crl"
    octets = path.read_bytes()
    assert octets == crl.der
    assert await asyncio.to_thread(kept.house.openssl_verifies, FIRST, octets, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.stat().st_mtime == crl.this_update.timestamp()
    assert await kept.sink.shown("a") == crl.number


async def test_the_same_again_changes_nothing_and_an_older_one_is_refused(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    old, new, other = [await kept.house.publish(each) for each in (FIRST, FIRST, SECOND)]
    assert await kept.sink.show("a", new)
    before = (tmp_path / "a.crl").stat().st_ino
    assert not await kept.sink.show("a", new)
    assert (tmp_path / "a.crl").stat().st_ino == before
    for crl in (old, other):
        with pytest.raises(Conflict):
            await kept.sink.show("a", crl)
    assert (tmp_path / "a.crl").read_bytes() == new.der


async def test_whoever_reads_meanwhile_finds_a_whole_one(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    await kept.sink.show("a", await kept.house.publish())
    crls = [await kept.house.publish() for _ in range(ROUNDS)]
    done, numbers = asyncio.Event(), list[int]()

    def read() -> None:
        while not done.is_set():
            numbers.append(read_crl_frame((tmp_path / "a.crl").read_bytes()).number)
            time.sleep(0.0005)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(read))
        for crl in crls:
            await kept.sink.show("a", crl)
        done.set()
    assert numbers == sorted(numbers)
    assert kept.files() == {"a.crl"}


async def test_what_a_crash_left_half_is_cleared_and_garbage_replaced(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    (tmp_path / ".a.crl.x1y2z3").write_bytes(b"half")
    (tmp_path / "a.crl").write_bytes(b"no CRL")
    crl = await kept.house.publish()
    assert await kept.sink.show("a", crl)
    assert kept.files() == {"a.crl"}
    assert (tmp_path / "a.crl").read_bytes() == crl.der


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "not-mounted")
    with pytest.raises(Unavailable, match="is not there") as caught:
        await kept.sink.show("a", await kept.house.publish())
    assert "mount" in caught.value.next_step
    assert not kept.folder.exists()


async def test_a_file_that_cannot_be_replaced_is_unavailable(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    (tmp_path / "a.crl").mkdir()
    with pytest.raises(Unavailable, match="cannot be used") as caught:
        await kept.sink.show("a", await kept.house.publish())
    assert caught.value.next_step
    assert not kept.files()


async def test_the_archive_keeps_what_is_young_and_always_the_newest(tmp_path: Path) -> None:
    kept = Kept(tmp_path, days=365)
    assert kept.sink.keeps_old
    crls = [await kept.house.publish() for _ in range(3)]
    for crl in crls:
        await kept.sink.keep("a", crl)
        await kept.sink.keep("a", crl)
    assert kept.files() == {f"archive/a/{number}.crl" for number in (1, 2, 3)}
    assert (tmp_path / "archive" / "a" / "2.crl").read_bytes() == crls[1].der
    kept.house.clock.advance(timedelta(days=366).total_seconds())
    await kept.sink.keep("a", crls[2])
    assert kept.files() == {"archive/a/3.crl"}
    last = await kept.house.publish()
    await kept.sink.keep("a", last)
    assert kept.files() == {f"archive/a/{last.number}.crl"}
    kept.sink.close()
