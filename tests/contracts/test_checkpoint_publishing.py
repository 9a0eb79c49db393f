"""Checkpoints outside: all of them, in order, never replaced, and none of another journal."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crl.sinks.folder import FolderSink
from crl.sinks.ports import Paper
from fakes.status import FakeClock
from pki.domain.errors import Conflict, Malformed, Unavailable
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.domain.evidence.published import (
    INDEX,
    NEWEST,
    checkpoint_path,
    month_path,
    read_month,
    read_months,
)
from pki.domain.journal import JournalHead
from pki.keys.evidence import EvidenceKey
from server.checkpoints.publishing import CheckpointPublisher
from status_side.small_pki import PlainSigner, PracticeCa, new_key

HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
KEY = new_key("evidence")
CERTIFICATE = PracticeCa("Evidence", KEY).certificate


async def made(at: datetime, position: int, installation: str = "ours") -> SignedCheckpoint:
    head = JournalHead(position=position, digest=bytes([position]) * 32)
    checkpoint = Checkpoint(installation=installation, kind="practice", head=head, at=at)
    key = EvidenceKey(PlainSigner(KEY), (CERTIFICATE,))
    signed = await key.sign(checkpoint.content, at)
    return SignedCheckpoint(position=position, at=at, signed=signed)


@dataclass
class FakeKept:
    """Checkpoints in memory."""

    made: list[SignedCheckpoint] = field(default_factory=list)

    async def after(self, at: datetime | None, limit: int) -> list[SignedCheckpoint]:
        return [each for each in self.made if at is None or each.at > at][:limit]

    async def newest(self) -> SignedCheckpoint | None:
        return self.made[-1] if self.made else None


@dataclass
class FakePapers:
    """A sink that stops taking papers after so many."""

    takes: int = 1000
    standing: dict[str, bytes] = field(default_factory=dict)
    name: str = "fake"

    async def read(self, path: str) -> bytes | None:
        return self.standing.get(path)

    async def lay(self, paper: Paper) -> bool:
        if not self.takes:
            raise Unavailable(message="full", next_step="make room")
        self.takes -= 1
        if paper.lasting and self.standing.get(paper.path, paper.octets) != paper.octets:
            raise Conflict(message="lasts", next_step="look")
        self.standing[paper.path] = paper.octets
        return True


async def hours(count: int) -> list[SignedCheckpoint]:
    return [await made(BEGIN + number * HOUR, number + 1) for number in range(count)]


def complete(papers: FakePapers, kept: FakeKept) -> bool:
    """Every checkpoint stands there and is found from the list of months on."""
    if papers.standing.get(NEWEST) != kept.made[-1].signed:
        return False
    found = []
    for month in read_months(papers.standing[INDEX]):
        name, listed = read_month(papers.standing[month_path(month)])
        assert name == month
        found += [papers.standing[checkpoint_path(each.at)] for each in listed]
    return found == [each.signed for each in kept.made]


async def test_all_are_brought_in_batches_and_what_follows_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.checkpoints.publishing.BATCH", 2)
    kept, papers = FakeKept(), FakePapers()
    publisher = CheckpointPublisher(papers, kept)
    await publisher.step()
    assert not papers.standing
    kept.made = await hours(5)
    await publisher.step()
    assert complete(papers, kept)
    assert publisher.shown == kept.made[-1].at
    before = papers.takes
    await publisher.step()
    assert papers.takes == before
    kept.made.append(await made(BEGIN + 800 * HOUR, 6))
    await CheckpointPublisher(papers, kept).step()
    assert complete(papers, kept)
    assert read_months(papers.standing[INDEX]) == ["2026-10", "2026-11", "2026-12"]


async def test_it_tells_how_long_it_took(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await CheckpointPublisher(FakePapers(), FakeKept(await hours(2))).step()
    (line,) = [each for each in caplog.records if each.name == "server.checkpoints.publishing"]
    told = vars(line)
    assert (told["position"], told["count"]) == (2, 2)
    assert told["milliseconds"] >= 0


async def test_stopped_at_any_paper_it_goes_on() -> None:
    kept = FakeKept(await hours(4))
    for stop in range(9):
        papers = FakePapers(takes=stop)
        with pytest.raises(Unavailable):
            await CheckpointPublisher(papers, kept).step()
        assert not complete(papers, kept)
        papers.takes = 1000
        await CheckpointPublisher(papers, kept).step()
        assert complete(papers, kept)


async def test_a_restored_store_takes_nothing_back() -> None:
    """Yesterday's backup knows less than was published; what stands there stays listed."""
    kept = FakeKept(await hours(4))
    papers = FakePapers()
    await CheckpointPublisher(papers, kept).step()
    restored = FakeKept(kept.made[:2])
    with pytest.raises(Conflict, match="later checkpoint than the store") as found:
        await CheckpointPublisher(papers, restored).step()
    assert "restored" in found.value.next_step
    restored.made.append(await made(BEGIN + 9 * HOUR, 3))
    await CheckpointPublisher(papers, restored).step()
    assert complete(papers, FakeKept([*kept.made, restored.made[-1]]))


async def test_what_is_not_of_this_journal_is_left_alone() -> None:
    kept = FakeKept(await hours(2))
    foreign = (await made(BEGIN, 1, "theirs")).signed
    for standing, error in ((foreign, Conflict), (b"no checkpoint", Malformed)):
        papers = FakePapers(standing={NEWEST: standing})
        with pytest.raises(error):
            await CheckpointPublisher(papers, kept).step()
        assert papers.standing == {NEWEST: standing}
    papers = FakePapers(standing={checkpoint_path(BEGIN): foreign})
    with pytest.raises(Conflict):
        await CheckpointPublisher(papers, kept).step()
    assert papers.standing[checkpoint_path(BEGIN)] == foreign


def modes_below(folder: Path) -> list[int]:
    return [each.stat().st_mode & 0o777 for each in folder.rglob("*") if each.is_file()]


async def test_in_a_folder_they_are_files_for_a_web_server(tmp_path: Path) -> None:
    kept = FakeKept(await hours(3))
    sink = FolderSink(tmp_path, archive_days=0, clock=FakeClock())
    await CheckpointPublisher(sink, kept).step()
    await CheckpointPublisher(sink, kept).step()
    last = kept.made[-1]
    path = tmp_path / checkpoint_path(last.at)
    assert path.read_bytes() == last.signed == (tmp_path / NEWEST).read_bytes()
    assert path.stat().st_mtime == last.at.timestamp()
    modes = modes_below(tmp_path)
    assert (set(modes), len(modes)) == ({0o644}, 7)
    await sink.lay(Paper(path=INDEX, octets=b"x", media_type="text/plain", at=BEGIN))
    with pytest.raises(Conflict, match="never replaced"):
        await sink.lay(
            Paper(
                path=checkpoint_path(last.at),
                octets=b"x",
                media_type="text/plain",
                at=BEGIN,
                lasting=True,
            )
        )
    sink.close()
