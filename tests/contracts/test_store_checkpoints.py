"""Checkpoints are made when they are due, kept, and served."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fakes.status import FakeClock
from pki.der.cms import read_signed_content
from pki.domain.errors import ChainBroken, SignerUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.domain.evidence.published import (
    INDEX,
    checkpoint_path,
    month_path,
    read_month,
    read_months,
)
from pki.domain.journal import JournalHead
from pki.domain.people import SYSTEM
from pki.keys.evidence import EvidenceKey
from pki.ports import HttpRequest
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from server.checkpoints.handler import PATH, CheckpointHandler
from server.checkpoints.maker import CheckpointMaker
from status_side.small_pki import PlainSigner, PracticeCa, new_key

HOUR = timedelta(hours=1)


KEY = new_key("evidence")
CERTIFICATE = PracticeCa("Evidence", KEY).certificate


@dataclass
class FailingEvidence:
    """An evidence key that is sometimes not there; it remembers when it signed."""

    fail: bool = False
    times: list[datetime] = field(default_factory=list)

    async def sign(self, content: bytes, signed_at: datetime) -> bytes:
        if self.fail:
            raise SignerUnavailable(message="the token is gone")
        self.times.append(signed_at)
        return await EvidenceKey(PlainSigner(KEY), (CERTIFICATE,)).sign(content, signed_at)


def request(match: str | None = None, path: str = PATH) -> HttpRequest:
    headers = {} if match is None else {b"if-none-match": match.encode()}
    return HttpRequest(method="GET", target=path.encode(), headers=headers, body=b"")


async def kept(store: Store, *times: datetime) -> None:
    for number, at in enumerate(times):
        made = SignedCheckpoint(position=number, at=at, signed=f"signed {number}".encode())
        await store.write(partial(WriteSession.put_checkpoint, checkpoint=made))


async def test_made_each_hour_and_not_sooner_also_after_a_restart(
    store: Store, read_store: ReadStore
) -> None:
    clock, evidence = FakeClock(), FailingEvidence()

    def maker() -> CheckpointMaker:
        return CheckpointMaker((store, read_store), evidence, clock=clock, every=HOUR)

    first = maker()
    assert await first.step() == HOUR.total_seconds()
    await store.write(
        lambda session: session.record(ServiceStarted(roles="all", version="1"), SYSTEM)
    )
    clock.advance(600)
    again = maker()
    assert await again.step() == HOUR.total_seconds() - 600
    assert len(evidence.times) == 1
    clock.advance(3000)
    assert await again.step() == HOUR.total_seconds()
    kept = await read_store.read(ReadSession.latest_checkpoint)
    assert kept is not None
    assert kept == again.latest
    made = Checkpoint.read(read_signed_content(kept.signed).content)
    assert made.head == await read_store.read(ReadSession.head)
    assert (made.at, made.head.position) == (kept.at, kept.position)
    values = {each.name: each.value for each in again.readings()}
    assert values["zorgid_journal_checkpoint_position"] == made.head.position
    assert values["zorgid_journal_checkpoint_timestamp_seconds"] == made.at.timestamp()


async def test_without_the_key_there_is_none(store: Store, read_store: ReadStore) -> None:
    clock, evidence = FakeClock(), FailingEvidence(fail=True)
    maker = CheckpointMaker((store, read_store), evidence, clock=clock, every=HOUR)
    with pytest.raises(SignerUnavailable):
        await maker.step()
    assert await read_store.read(ReadSession.latest_checkpoint) is None
    assert "zorgid_journal_checkpoint_position" not in {each.name for each in maker.readings()}
    evidence.fail = False
    assert await maker.step() == HOUR.total_seconds()


async def test_the_newest_is_served(
    store: Store, read_store: ReadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, evidence = FakeClock(), FailingEvidence()
    monkeypatch.setattr("server.checkpoints.handler.KEPT_SECONDS", 0.0)
    handler = CheckpointHandler(read_store)
    assert handler.hot(b"GET", PATH.encode(), {}, b"") is None
    missing = await handler.answer(request())
    assert (missing.status, missing.header("cache-control")) == (404, "no-store")
    maker = CheckpointMaker((store, read_store), evidence, clock=clock, every=HOUR)
    await maker.step()
    first = await handler.answer(request())
    assert maker.latest is not None
    assert (first.status, first.body) == (200, maker.latest.signed)
    assert (await handler.answer(request(first.header("etag")))).status == 304
    clock.advance(3600)
    await maker.step()
    monkeypatch.setattr("server.checkpoints.handler.KEPT_SECONDS", 3600.0)
    newer = await handler.answer(request(first.header("etag")))
    assert newer.body == maker.latest.signed != first.body
    clock.advance(3600)
    await maker.step()
    assert (await handler.answer(request())).body == newer.body
    handler.forget()
    assert (await handler.answer(request())).body == maker.latest.signed != newer.body


async def test_what_does_not_follow_is_not_signed(store: Store, read_store: ReadStore) -> None:
    clock, evidence = FakeClock(), FailingEvidence()
    maker = CheckpointMaker((store, read_store), evidence, clock=clock, every=HOUR)
    await maker.step()
    maker._verified = JournalHead(position=0, digest=b"\1" * 32)
    await store.write(
        lambda session: session.record(ServiceStarted(roles="all", version="1"), SYSTEM)
    )
    clock.advance(3600)
    with pytest.raises(ChainBroken):
        await maker.step()
    values = {each.name: each.value for each in maker.readings()}
    assert values["zorgid_audit_chain_ok"] == 0
    assert len(evidence.times) == 1


OCTOBER = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
NOVEMBER = OCTOBER + HOUR
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)


async def test_all_are_found_by_month(store: Store, read_store: ReadStore) -> None:
    assert await read_store.read(ReadSession.checkpoint_months) == ()
    await kept(store, OCTOBER, NOVEMBER, NOVEMBER + HOUR, JANUARY)
    months = await read_store.read(ReadSession.checkpoint_months)
    assert months == ("2026-10", "2026-11", "2027-01")
    listed = await read_store.read(lambda session: session.checkpoints_of("2026-11"))
    assert [(each.at, each.position) for each in listed] == [(NOVEMBER, 1), (NOVEMBER + HOUR, 2)]
    assert await read_store.read(lambda session: session.checkpoint_at(OCTOBER + 2 * HOUR))
    assert await read_store.read(lambda session: session.checkpoint_at(JANUARY + HOUR)) is None
    after = await read_store.read(lambda session: session.checkpoints_after(OCTOBER, 2))
    assert [each.position for each in after] == [1, 2]
    first = await read_store.read(lambda session: session.checkpoints_after(None, 1))
    assert [each.at for each in first] == [OCTOBER]


async def test_all_are_served_and_what_is_new_appears(
    store: Store, read_store: ReadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.checkpoints.handler.KEPT_SECONDS", 0.0)
    handler = CheckpointHandler(read_store)

    async def got(path: str) -> tuple[int, bytes]:
        answer = await handler.answer(request(path=f"/{path}"))
        return answer.status, answer.body

    assert (await got(INDEX))[0] == 404
    await kept(store, OCTOBER - HOUR)
    assert read_months((await got(INDEX))[1]) == ["2026-10"]
    assert len(read_month((await got(month_path("2026-10")))[1])[1]) == 1
    # The month that was the newest grows until another one is.
    await kept(store, OCTOBER, NOVEMBER)
    assert read_months((await got(INDEX))[1]) == ["2026-10", "2026-11"]
    for month, count in (("2026-10", 2), ("2026-11", 1)):
        _, listed = read_month((await got(month_path(month)))[1])
        assert len(listed) == count
        for each in listed:
            assert (await got(checkpoint_path(each.at)))[0] == 200
    assert await got(checkpoint_path(NOVEMBER)) == (200, b"signed 1")
    for path in (month_path("2026-09"), checkpoint_path(NOVEMBER + HOUR), "journal/", "journal/x"):
        assert (await got(path))[0] == 404
    lasting = await handler.answer(request(path=f"/{checkpoint_path(NOVEMBER)}"))
    assert "immutable" in (lasting.header("cache-control") or "")


async def test_what_no_list_names_is_not_looked_for(
    store: Store, read_store: ReadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(store, OCTOBER)
    handler = CheckpointHandler(read_store)
    assert (await handler.answer(request(path=f"/{checkpoint_path(OCTOBER)}"))).status == 200

    async def broken(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(read_store, "read", broken)
    for minute in range(50):
        at = OCTOBER + timedelta(minutes=minute + 1)
        assert (await handler.answer(request(path=f"/{checkpoint_path(at)}"))).status == 404
