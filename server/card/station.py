"""`zorgid card station`: the page, the readers and the services that its dialogues need."""

import asyncio
import ssl
import sys
import webbrowser
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path

import aiohttp

from card_writer.flow.desk import Desk
from card_writer.programs.opening import look, open_cards, open_passes, placed
from card_writer.programs.settings import DeskSettings, load
from card_writer.readers.recognition import recognise
from card_writer.station.app import StationApp, listening
from card_writer.station.person import PersonAtPage
from card_writer.station.running import Station
from card_writer.station.stage import Stage
from card_writer.station.watching import ReaderWatch
from pki.api.client import IssuanceClient
from pki.ports import SystemClock, SystemEntropy
from server.card.status import OcspStatus
from server.card.views import ReaderShown
from server.report import Report


def run_station(config: Path, port: int, *, browse: bool) -> Report:
    """Serve the page until interrupted.

    Raises:
        ConfigurationInvalid, EnvironmentMissing, Unavailable: it cannot begin.
    """
    settings = load(config)
    if {settings.uzi_pass.driver, settings.card.driver} != {"soft"}:
        look()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, port, browse=browse))
    return Report(result={}, lines=())


async def _serve(settings: DeskSettings, port: int, *, browse: bool) -> None:
    stage = Stage()
    person = PersonAtPage(stage=stage, placed=partial(placed, settings))
    app = StationApp(stage, settings.language)
    tls = ssl.create_default_context(cafile=settings.server.ca)
    url, seconds = settings.server.url, settings.server.timeout_seconds
    async with (
        IssuanceClient(url, tls=tls, timeout_seconds=seconds) as client,
        aiohttp.ClientSession() as http,
        _watched(settings, person),
        listening(app, port) as address,
    ):
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        if browse:
            await asyncio.to_thread(webbrowser.open, app.once(address))
        entropy = SystemEntropy()
        status = OcspStatus(http=http, clock=SystemClock(), entropy=entropy)

        def open_desk(action: str, person: PersonAtPage) -> Desk:
            language = settings.language
            makes = action == "create"
            return Desk(
                cards=open_cards(settings.card, language, entropy),
                passes=open_passes(settings.uzi_pass, language) if makes else None,
                person=person,
                entropy=entropy,
                client=client,
                status=status,
            )

        station = Station(person=person, open_desk=open_desk, clock=SystemClock(), entropy=entropy)
        await station.run()


def _watched(settings: DeskSettings, person: PersonAtPage) -> AbstractAsyncContextManager[None]:
    """The readers are watched; where both drivers are software there are none."""
    if settings.uzi_pass.driver == settings.card.driver == "soft":
        return nullcontext()
    from card_writer.readers.watch import Slot, Watch

    masks = (*settings.uzi_pass.masks, *settings.card.masks)

    def tell(slots: tuple[Slot, ...]) -> None:
        shown = (ReaderShown(slot, recognise(slot.atr, masks)) for slot in slots)
        person.stage.set_readers(tuple(shown))
        person.look(slots)

    return ReaderWatch(Watch, tell).running()
