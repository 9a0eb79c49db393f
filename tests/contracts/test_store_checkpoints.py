"""Checkpoints are made when they are due, kept, and served."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from fakes_status import FakeClock
from pki.der.cms import read_signed_content
from pki.domain.errors import ChainBroken, SignerUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.evidence.checkpoints import Checkpoint
from pki.domain.journal import JournalHead
from pki.domain.people import SYSTEM
from pki.keys.evidence import EvidenceKey
from pki.ports import HttpRequest
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from server.checkpoints.handler import PATH, CheckpointHandler
from server.checkpoints.maker import CheckpointMaker
from status_pki import PlainSigner, PracticeCa, new_key

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


def request(match: str | None = None) -> HttpRequest:
    headers = {} if match is None else {b"if-none-match": match.encode()}
    return HttpRequest(method="GET", target=PATH.encode(), headers=headers, body=b"")


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
