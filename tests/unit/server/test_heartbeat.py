"""The sign of life: written while the store can be, told once when it cannot."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import pytest

from fakes.status import FakeClock
from pki.domain.errors import StoreUnavailable
from pki.store.writing import Store
from server.process import heartbeat
from server.process.heartbeat import Heartbeat


class Beats:
    """A store that keeps what is written, and may be broken."""

    def __init__(self) -> None:
        self.broken = False
        self.tried = 0
        self.beats: list[datetime] = []
        self.stop = asyncio.Event()

    async def write(self, work: Callable[[Any], None]) -> None:
        self.tried += 1
        if self.tried == 6:
            self.stop.set()
        if self.broken:
            raise StoreUnavailable(message="down")
        work(self)

    def beat(self, at: datetime) -> None:
        self.beats.append(at)
        self.broken = len(self.beats) == 2


async def test_a_failing_store_ends_no_heartbeat(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.001)
    store, clock = Beats(), FakeClock()
    caplog.set_level(logging.ERROR)
    await Heartbeat(cast("Store", store), clock).run(store.stop)
    assert store.tried == 6
    assert store.beats == [clock.now()] * 2
    assert len(caplog.records) == 1
