"""The station's server: who may talk to it, and what an answer must be."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from yarl import URL

from card_writer.readers.recognition import CardKind
from card_writer.station.stage import Stage
from desks.desk import CARD_PIN, PASS_PIN, TestDesk
from desks.house import House
from desks.station import station_of
from installed.program import START_SECONDS, exchanged, until
from server.card.views import ReaderShown


class Browser:
    """What the page's script does, without a browser."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self.http = http
        self.address = URL(address)

    async def state(self, after: int = 0, language: str = "nl") -> dict[str, Any]:
        query = {"after": str(after), "language": language}
        async with self.http.get(self.address / "state", params=query) as answer:
            assert answer.status == 200
            found: dict[str, Any] = await answer.json()
            return found

    async def asked(self, kind: str = "ask", *, other_than: int = 0) -> dict[str, Any]:
        """The next screen of this kind."""
        seen = 0
        async with asyncio.timeout(60):
            while True:
                view = await self.state(seen)
                seen = view["version"]
                screen = view["screen"]
                if screen and screen["kind"] == kind and view["question"] > other_than:
                    return view

    async def answer(self, view: dict[str, Any], **values: str) -> int:
        body = {"question": view["question"], "values": {"button": "go"} | values}
        async with self.http.post(self.address / "answer", json=body) as answer:
            return answer.status


@pytest.fixture
async def desk(card_house: House) -> AsyncIterator[TestDesk]:
    async with card_house.desk() as made:
        yield made


@pytest.fixture
async def browser(desk: TestDesk) -> AsyncIterator[Browser]:
    async with station_of(desk) as (address, _), aiohttp.ClientSession() as http:
        yield Browser(http, address)


async def test_a_card_is_made_by_answers(browser: Browser, desk: TestDesk) -> None:
    start = await browser.asked("start")
    assert await browser.answer(start, button="create") == 204
    view = await browser.asked()
    assert view["screen"]["entries"][0]["label"] == "Pincode van uw UZI-pas (nog 3 pogingen)"
    answers: list[dict[str, str]] = [
        {"secret": "000000"},
        {"secret": PASS_PIN.decode()},
        {"date": "1985-11-22"},
        {"pin": "12345678", "again": "12345678"},
        {"pin": CARD_PIN.decode(), "again": "Zorg42y"},
        {"pin": CARD_PIN.decode(), "again": CARD_PIN.decode()},
    ]
    messages = []
    for values in answers:
        assert await browser.answer(view, **values) == 204
        view = await browser.asked(other_than=view["question"])
        messages.append(view["screen"]["message"])
    assert messages[:1] == ["Dat is niet de juiste pincode."]
    assert messages[3:5] == [
        "Deze pincode is te eenvoudig.",
        "De twee pincodes zijn niet gelijk.",
    ]
    puk = view["screen"]["code"].replace(" ", "")
    assert await browser.answer(view) == 204
    view = await browser.asked(other_than=view["question"])
    assert view["screen"]["code"] is None
    assert await browser.answer(view, end=puk[-4:]) == 204
    view = await browser.asked("done")
    assert "gereed" in view["screen"]["text"]
    chip = desk.cards.chip
    assert (chip.pin.value, chip.puk.value) == (CARD_PIN + b"\xff", puk.encode())
    assert puk not in str(view)
    assert await browser.answer(view, button="back") == 204
    assert (await browser.asked("start"))["step"] is None


async def test_stopping_leads_back(browser: Browser, desk: TestDesk) -> None:
    await browser.answer(await browser.asked("start"), button="create")
    assert await browser.answer(await browser.asked(), button="stop") == 204
    failed = await browser.asked("failed")
    assert failed["screen"]["text"].startswith("Gestopt")
    assert not desk.cards.heads


async def test_english_is_one_word_away(browser: Browser) -> None:
    await browser.asked("start")
    view = await browser.state(language="en")
    assert view["screen"]["buttons"][0]["label"] == "Make a card"
    assert view["language"] == "en"


async def test_the_page_lets_nothing_in_from_elsewhere(browser: Browser) -> None:
    for name, kind in (("", "html"), ("station.js", "javascript"), ("station.css", "css")):
        async with browser.http.get(browser.address.join(URL(name))) as answer:
            assert answer.status == 200
            assert kind in answer.content_type
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in policy
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "zorgid.example"},
        {"Host": "localhost"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_pages_and_names_get_nothing(browser: Browser, headers: dict[str, str]) -> None:
    async with browser.http.get(browser.address / "state", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (403, b"")


@pytest.mark.parametrize("path", ["/", "/state", "/x/state", "/station.js"])
async def test_without_the_token_there_is_nothing(browser: Browser, path: str) -> None:
    async with browser.http.get(browser.address.with_path(path)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b'{"question": true, "values": {}}', "application/json", 400),
        (b'{"question": 1, "values": {"pin": 1}}', "application/json", 400),
        (b'{"question": 1, "values": {"pin": "' + b"1" * 101 + b'"}}', "application/json", 400),
        (b'{"question": 999, "values": {}}', "application/json", 409),
        (b'{"question": 1, "values": {}}', "text/plain", 415),
        (b'{"question": 1, "values": {}}', "application/x-www-form-urlencoded", 415),
        (b" " * 5000, "application/json", 413),
    ],
)
async def test_what_is_no_answer_is_refused(
    browser: Browser, body: bytes, kind: str, status: int
) -> None:
    await browser.asked("start")
    headers = {"Content-Type": kind}
    async with browser.http.post(browser.address / "answer", data=body, headers=headers) as answer:
        assert answer.status == status
    assert (await browser.state())["screen"]["kind"] == "start"


async def test_an_answer_comes_once(browser: Browser) -> None:
    start = await browser.asked("start")
    assert await browser.answer(start, button="test") == 204
    await browser.asked("failed", other_than=start["question"])
    assert await browser.answer(start, button="create") == 409


@pytest.mark.pcsc
async def test_the_readers_are_told_in_the_language_of_the_page() -> None:
    from card_writer.readers.watch import Slot  # noqa: PLC0415 -- pyscard may be missing

    stage, slot = Stage(), Slot(reader="Lezer", atr=b"\x3b\x00", busy=False)
    stage.set_readers((ReaderShown(slot, CardKind.UZI_PASS),))
    version = stage.version
    assert stage.view("nl")["readers"] == ["Lezer: UZI-pas"]
    assert stage.view("en")["readers"] == ["Lezer: UZI pass"]
    stage.set_readers((ReaderShown(slot, CardKind.UZI_PASS),))
    assert stage.version == version


DESK = """
[server]
url = "https://localhost:1"
[pass]
driver = "soft"
folder = "."
[card]
driver = "soft"
folder = "."
"""


def test_a_list_of_processes_shows_an_address_that_is_good_once(tmp_path: Path) -> None:
    """The browser is a script that keeps its arguments, which everybody may read."""
    asked, browser, config = tmp_path / "asked", tmp_path / "browser", tmp_path / "desk.toml"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$*" > {asked}.new && mv {asked}.new {asked}\n')
    browser.chmod(0o700)
    config.write_text(DESK)
    words = (sys.executable, "-m", "server.cli", "card", "station", "--config", str(config))
    environment = os.environ | {"BROWSER": str(browser)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as station:
        try:
            assert station.stdout is not None
            address = station.stdout.readline().strip()
            until(asked.exists, "the browser is started")
            token, way_in = urlsplit(address).path.strip("/"), asked.read_text()
            assert len(token) == 32
            assert token not in way_in
            assert exchanged(way_in)[0] == 303
            assert exchanged(address)[0] == 200
            status, said = exchanged(way_in)
            assert (status, "start het opnieuw" in said.decode()) == (410, True)
        finally:
            station.send_signal(signal.SIGINT)
        assert station.wait(START_SECONDS) == 0
