"""What the commands of `zorgid card` do: settings, readers and prompts, one dialogue each."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import aiohttp

from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.flow.steps.base import Dialogue
from card_writer.flow.unattended import Unattended
from card_writer.programs import words
from card_writer.programs.opening import lies_there, look, open_cards, open_passes
from card_writer.programs.sentences import sentence_of
from card_writer.programs.settings import DeskSettings, load
from card_writer.programs.terminal import Console, Prompts
from card_writer.readers.recognition import recognise
from card_writer.token import changing, testing
from card_writer.token.looking import look_at_card
from card_writer.token.testing import Tested
from pki.api.client import IssuanceClient
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from pki.ports import SystemClock, SystemEntropy
from server.card.status import OcspStatus
from server.card.views import card_made, card_seen, card_tested, reader_line
from server.report import Report

Outcome = TypeVar("Outcome")


def show_readers(config: Path) -> Report:
    """All readers, and what lies in them.

    Raises:
        EnvironmentMissing, Unavailable: they cannot be looked at.
    """
    settings = load(config)
    masks = (*settings.uzi_pass.masks, *settings.card.masks)
    found = [(slot, recognise(slot.atr, masks)) for slot in look()]
    shown = [
        {
            "reader": slot.reader,
            "card": slot.has_card,
            "kind": None if kind is None else kind.value,
            "busy": slot.busy,
            "atr": slot.atr.hex(),
        }
        for slot, kind in found
    ]
    lines = [reader_line(slot, kind, settings.language) for slot, kind in found]
    return Report(result={"readers": shown}, lines=lines or ["-"])


def show_status(config: Path) -> Report:
    """The card, without its PIN."""
    settings = load(config)
    return card_seen(_run(settings, look_at_card(), reads_only=True), settings.language)


def create_card(config: Path, number: str | None, *, begun_only: bool = False) -> Report:
    """Make a card, or go on with one.

    The birth date is asked for: as an argument it would stand in the list of processes.

    Raises:
        ZorgidError: what `card_writer.flow.making.make_card` raises.
    """
    settings = load(config)
    dialogue = make_card(
        SystemEntropy(),
        printed=None if number is None else CardNumber(number),
        begun_only=begun_only,
    )
    return card_made(_run(settings, dialogue, makes=True), settings.language)


def change_pin(config: Path) -> Report:
    """Replace the PIN."""
    settings = load(config)
    _run(settings, changing.change_pin())
    return Report(result={}, lines=[words.PIN_CHANGED.say(settings.language)])


def unblock_pin(config: Path) -> Report:
    """Set a new PIN with the PUK."""
    settings = load(config)
    _run(settings, changing.unblock_pin())
    return Report(result={}, lines=[words.PIN_CHANGED.say(settings.language)])


def test_card(config: Path) -> Report:
    """Whether it works; a card that relying parties do not accept is a finding."""
    settings = load(config)
    tested: Tested = _run(settings, testing.check_card(SystemEntropy()))
    return card_tested(tested, SystemClock().now(), settings.language)


def wipe_card(config: Path) -> Report:
    """Make it blank."""
    settings = load(config)
    wiped = _run(settings, testing.wipe_card())
    text = words.WIPED if wiped else words.BLANK_ALREADY
    return Report(result={"wiped": wiped}, lines=[text.say(settings.language)])


def _run(
    settings: DeskSettings,
    dialogue: Dialogue[Outcome],
    *,
    makes: bool = False,
    reads_only: bool = False,
) -> Outcome:
    console = Console()
    person = Prompts(terminal=console, language=settings.language, lies_there=lies_there(settings))
    try:
        desk = Desk(
            cards=open_cards(settings.card, settings.language, SystemEntropy()),
            passes=open_passes(settings.uzi_pass, settings.language) if makes else None,
            person=Unattended() if reads_only else person,
            entropy=SystemEntropy(),
        )
        return asyncio.run(_online(settings, desk, dialogue))
    except ZorgidError as error:
        console.say(sentence_of(error, settings.language))
        raise


async def _online(settings: DeskSettings, desk: Desk, dialogue: Dialogue[Outcome]) -> Outcome:
    server = settings.server
    tls = ssl.create_default_context(cafile=server.ca)
    client = IssuanceClient(server.url, tls=tls, timeout_seconds=server.timeout_seconds)
    async with client, aiohttp.ClientSession() as http:
        status = OcspStatus(http=http, clock=SystemClock(), entropy=desk.entropy)
        return await replace(desk, client=client, status=status).run(dialogue)
