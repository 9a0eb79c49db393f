"""The station's page over a test's desk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from card_writer.flow.desk import Desk
from card_writer.readers.recognition import CardKind
from card_writer.station.app import StationApp, listening
from card_writer.station.person import PersonAtPage
from card_writer.station.running import Station
from card_writer.station.stage import Stage
from card_writer.token.testing import Status
from desks.desk import TestDesk
from pki.domain.status import Good
from pki.ports import SystemEntropy
from stores.samples import SetClock


class SaysGood:
    """A status service that has never heard of a revocation."""

    async def ask(self, chain: tuple[bytes, ...]) -> Status:
        return Good()


@asynccontextmanager
async def station_of(desk: TestDesk, *, in_place: bool = True) -> AsyncIterator[tuple[str, Stage]]:
    """The page's address, and its stage; ``in_place``: pass and card are seen in readers."""

    def placed(kind: CardKind, slots: object) -> bool:
        return in_place

    stage, entropy = Stage(), SystemEntropy()

    def open_desk(action: str, person: PersonAtPage) -> Desk:
        made = Desk(
            cards=desk.cards,
            person=person,
            entropy=entropy,
            client=desk.client,
            status=SaysGood(),
        )
        return replace(made, passes=desk.uzi_pass) if action == "create" else made

    person = PersonAtPage(stage=stage, placed=placed)
    station = Station(person=person, open_desk=open_desk, clock=SetClock(), entropy=entropy)
    async with listening(StationApp(stage, "nl"), 0) as address, asyncio.TaskGroup() as group:
        running = group.create_task(station.run())
        try:
            yield address, stage
        finally:
            running.cancel()
