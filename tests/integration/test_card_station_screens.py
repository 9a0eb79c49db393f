"""Every screen of the station in a real browser: each step, each failure, both languages."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import (
    CardDiffers,
    CardGone,
    CardRefused,
    NoReader,
    PinCharacters,
    ReaderBusy,
    SecretKind,
    WrongSecret,
)
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.base import Step
from card_writer.flow.steps.reader import BeginOrder, OpenPassAtReader, WriteChain
from card_writer.flow.steps.server import AskChallenge
from card_writer.flow.steps.token import ChangePinAtReader, SignAtReader
from card_writer.flow.stopped import Stopped
from card_writer.programs import words
from card_writer.programs.words import Language
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from card_writer.station import texts
from card_writer.station.app import StationApp, listening
from card_writer.station.person import PersonAtPage
from card_writer.station.stage import Stage
from card_writer.wrong_card import Mismatch, WrongCard
from made.uzi import NOW
from peers import program
from pki.api.base import Problem
from pki.api.errors import ProblemAnswered, ServiceUnreachable
from pki.api.wire import HolderView
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import Ura, UziNumber
from strangers.chromium import Page, browsing

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(600)]
PICTURES = os.environ.get("STATION_PICTURES")
PIN, PUK, PASS = SecretKind.PIN, SecretKind.PUK, CardKind.UZI_PASS
Asked: TypeAlias = Callable[[PersonAtPage], Coroutine[Any, Any, object]]
HOLDER = HolderView(
    uzi_number=UziNumber("900021219"),
    ura=Ura("90000382"),
    organisation="Stichting Samenwerkende Huisartsenposten Noordoost-Nederland en Omstreken",
    surname="Heuvel",
    given_names="Chloë",
    common_name="Chloë van den Heuvel-Oosterwijk tot Vliet",
)
SERVER_SAYS = ProblemAnswered(
    message="x",
    problem=Problem(
        type="urn:zorgid:problem:refused",
        instance="1",
        title="Zorgverlenerpas",
        status=403,
        detail="Met een Zorgverlenerpas kunt u geen ZORG-ID Smartcard aanmaken.",
        detail_en="You cannot make a ZORG-ID Smartcard with a Zorgverlener pass.",
    ),
)


def wrong(which: SecretKind, left: int) -> WrongSecret:
    return WrongSecret(message="x", which=which, tries_left=left)


def failure(error: ZorgidError) -> Asked:
    return lambda person: person.stage.ask(texts.failed(error))


def going_on(error: ZorgidError) -> Asked:
    return lambda person: person.go_on(error)


def choosing(fault: PinFault) -> Asked:
    return lambda person: person.choose_pin(PinCharacters.PRINTABLE_ASCII, fault)


def doing(step: Step[Any]) -> Asked:
    async def shown(person: PersonAtPage) -> None:
        person.doing(step)

    return shown


ASKED: dict[str, Asked] = {
    "start": lambda person: person.stage.ask(texts.start()),
    "put-pass-in": lambda person: person.put_in(PASS, again=False),
    "put-card-in": lambda person: person.put_in(CardKind.ZORG_ID, again=False),
    "put-in-again": lambda person: person.put_in(CardKind.ZORG_ID, again=True),
    "pass-pin": lambda person: person.pass_pin(3, None),
    "pass-pin-wrong": lambda person: person.pass_pin(2, wrong(PIN, 2)),
    "pass-last-try": lambda person: person.last_try(PIN, PASS),
    "card-last-try": lambda person: person.last_try(PUK, CardKind.ZORG_ID),
    "holder": lambda person: person.birth_date(HOLDER),
    "card-number": lambda person: person.card_number(),
    "choose-pin": lambda person: person.choose_pin(PinCharacters.DIGITS, None),
    "note-puk": lambda person: person.note_puk(Secret(b"86420975"), mistaken=False),
    "note-puk-again": lambda person: person.note_puk(Secret(b"86420975"), mistaken=True),
    "recall": lambda person: person.recall(None),
    "recall-wrong": lambda person: person.recall(wrong(PUK, 2)),
    "card-pin": lambda person: person.card_secret(PIN, 3),
    "card-puk": lambda person: person.card_secret(PUK, None),
    "at-reader-pass": doing(OpenPassAtReader(tries_left=3)),
    "at-reader-card": doing(SignAtReader(tries_left=None, message=b"")),
    "at-reader-change": doing(ChangePinAtReader(tries_left=2)),
    "making-key": doing(BeginOrder()),
    "writing": doing(WriteChain(chain=())),
    "changed": lambda person: person.stage.ask(texts.ended(None, NOW)),
    **{f"choose-pin-{fault.value}": choosing(fault) for fault in PinFault},
    **{f"not-typed-{why.value}": going_on(PinNotTyped(message="x", why=why)) for why in NotTyped},
    **{f"wrong-{why.value}": going_on(WrongCard(message="x", why=why)) for why in Mismatch},
    "gone": going_on(CardGone(message="x", outcome_unknown=True)),
    "busy": going_on(ReaderBusy(message="x")),
    "no-answer": going_on(ServiceUnreachable(message="x")),
    "blocked-pin": failure(wrong(PIN, 0)),
    "blocked-puk": failure(wrong(PUK, 0)),
    "server-says": failure(SERVER_SAYS),
    "differs": failure(CardDiffers(message="x")),
    "refused": failure(CardRefused(message="x")),
    "stopped": failure(Stopped(message="x")),
    "no-reader": failure(NoReader(message="there is no card reader")),
}


async def shows(page: Page, stage: Stage, language: Language) -> None:
    """The page has every word of the present screen, and each control has a name."""
    screen = stage.view(language)["screen"]
    await page.until_title(screen["title"])
    for name in ("text", "message", "code"):
        told = json.dumps(screen[name] or "")
        await page.until(f"document.getElementById('{name}').textContent === {told}")
    assert await page.value("document.documentElement.lang") == language
    seen = " ".join((await page.text()).split())
    for name in ("text", "message", "code"):
        assert " ".join((screen[name] or "").split()) in seen, name
    tree = await page.call("Accessibility.getFullAXTree")
    for node in tree["nodes"]:
        if node.get("role", {}).get("value") in {"button", "textbox", "main", "heading"}:
            assert node["name"]["value"], node
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert await page.value(width), "nothing is cut off at the side"


async def keep(page: Page, name: str) -> None:
    if PICTURES is not None:
        picture = await page.picture()
        await asyncio.to_thread((Path(PICTURES) / f"{name}.png").write_bytes, picture)


async def test_each_step_and_each_failure_is_shown_in_both_languages(tmp_path: Path) -> None:
    chromium = program("chromium")
    assert chromium is not None
    stage = Stage()
    person = PersonAtPage(stage=stage, placed=lambda _kind, _slots: False)
    async with (
        listening(StationApp(stage, "nl"), 0) as address,
        browsing(chromium, tmp_path) as page,
        asyncio.TaskGroup() as group,
    ):
        await page.open(address)
        for name, ask in ASKED.items():
            waiting = group.create_task(ask(person))
            await asyncio.sleep(0)
            await shows(page, stage, "nl")
            await keep(page, name)
            await page.value("document.querySelector('[data-language=en]').click()")
            await shows(page, stage, "en")
            await page.value("document.querySelector('[data-language=nl]').click()")
            waiting.cancel()
        assert page.console == []


def test_every_step_that_takes_a_while_says_so_on_the_page() -> None:
    stage = Stage()
    person = PersonAtPage(stage=stage, placed=lambda _kind, _slots: False)
    person.doing(AskChallenge())
    assert stage.view("nl")["screen"] is None
    for step in (BeginOrder(), OpenPassAtReader(tries_left=1)):
        person.doing(step)
        told = words.announced(step)
        assert told is not None
        assert stage.view("nl")["screen"]["text"] == told("nl")
