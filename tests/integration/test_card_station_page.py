"""The station's page in a real browser, used with the keyboard alone."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509

from card_writer.programs.words import Text
from card_writer.station.stage import Stage, said
from desks.desk import CARD_PIN, PASS_PIN, TestDesk
from desks.house import House
from desks.station import station_of
from desks.torn_client import Tear
from peers import program
from strangers.chromium import Page, browsing

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(600)]
READERS = (
    Text("Lezer 1: UZI-pas", "Reader 1: UZI pass"),
    Text("Lezer 2: een kaart", "Reader 2: a card"),
)
PICTURES = os.environ.get("STATION_PICTURES")
"""A folder to keep what was seen in, for somebody to look at."""


@pytest.fixture
async def desk(card_house: House) -> AsyncIterator[TestDesk]:
    async with card_house.desk() as made:
        yield made


def shown_end(desk: TestDesk) -> str:
    """The last day of the certificate on the card, as the Dutch write it."""
    leaf = x509.load_der_x509_certificate(desk.cards.open(None).certificates()[0])
    return f"{leaf.not_valid_after_utc:%d-%m-%Y}"


async def seen(page: Page, name: str) -> None:
    picture = await page.picture()
    assert picture.startswith(b"\x89PNG")
    if PICTURES is not None:
        await asyncio.to_thread((Path(PICTURES) / f"{name}.png").write_bytes, picture)


async def fill(page: Page, *lines: str) -> None:
    """Type into one field after the other, and press Enter in the last."""
    for index, line in enumerate(lines):
        if index:
            await page.press("Tab")
        await page.type(line)
    await page.press("Enter")


async def message(page: Page) -> str:
    await page.until("document.getElementById('message').textContent")
    return str(await page.value("document.getElementById('message').textContent"))


async def begun(page: Page, stage: Stage) -> None:
    """The first screen, and a change of the readers seen: the page is at work, not only drawn."""
    await page.until_title("ZORG-ID Smartcard")
    stage.set_readers((said(READERS[0]), said(READERS[1])))
    await page.until("document.querySelectorAll('#readers li').length === 2")


async def note_puk(page: Page, name: str) -> str:
    """Write the PUK down and type its end; the PUK."""
    await page.until_title("Uw PUK-code")
    puk = str(await page.value("document.getElementById('code').textContent"))
    await seen(page, name)
    await page.press("Tab")
    await page.press("Enter")
    await page.until("document.querySelector('#entry-end')")
    assert puk not in await page.text()
    await fill(page, puk[-4:])
    return puk.replace(" ", "")


async def prove_pass(page: Page) -> None:
    """PIN and birth date."""
    await page.until_title("Pincode van uw UZI-pas")
    await fill(page, PASS_PIN.decode())
    await page.until_title("Uw geboortedatum (dd-mm-jjjj)")
    await fill(page, "22-11-1985")


async def test_a_card_is_made_with_the_keyboard(desk: TestDesk, tmp_path: Path) -> None:
    chromium = program("chromium")
    assert chromium is not None
    desk.client.tear = Tear(at=5)
    async with station_of(desk) as (address, stage), browsing(chromium, tmp_path) as page:
        await page.open(address)
        await begun(page, stage)
        await seen(page, "1-start")
        await page.press("Tab")
        assert await page.focused() == "button: Kaart aanmaken"
        await page.press("Enter")
        await page.until_title("Pincode van uw UZI-pas")
        assert await page.focused() == "textbox: Pincode van uw UZI-pas (nog 3 pogingen)"
        await fill(page, "000000")
        assert await message(page) == "Dat is niet de juiste pincode."
        await seen(page, "2-wrong-pin")
        await fill(page, PASS_PIN.decode())
        await page.until_title("Uw geboortedatum (dd-mm-jjjj)")
        assert "Jan Piet van den Test-90002, Tést Zorginstelling 03" in await page.text()
        await seen(page, "3-holder")
        await fill(page, "22-11-1985")
        await page.until_title("Kies een pincode van 6 tot 8 letters en cijfers")
        await fill(page, "12345678", "12345678")
        assert await message(page) == "Deze pincode is te eenvoudig."
        await seen(page, "4-bad-pin")
        await fill(page, CARD_PIN.decode(), CARD_PIN.decode())
        puk = await note_puk(page, "5-puk")
        await page.until_title("Gereed")
        until = shown_end(desk)
        assert f"is gereed en kan gebruikt worden tot {until}" in await page.text()
        await seen(page, "6-done")
        assert page.console == []
    assert desk.cards.chip.puk.value == puk.encode()
    assert desk.cards.chip.pin.value == CARD_PIN + b"\xff"


async def test_a_card_that_is_pulled_out_goes_on(desk: TestDesk, tmp_path: Path) -> None:
    chromium = program("chromium")
    assert chromium is not None
    desk.cards.tear = Tear(at=12)
    async with (
        station_of(desk, in_place=False) as (address, stage),
        browsing(chromium, tmp_path) as page,
    ):
        await page.open(address)
        await begun(page, stage)
        await page.press("Tab")
        await page.press("Enter")
        await page.until_title("UZI-pas")
        await seen(page, "7-put-in")
        await page.press("Tab")
        assert await page.focused() == "button: Verder"
        await page.press("Enter")
        await prove_pass(page)
        await page.until_title("kaart voor ZORG-ID")
        await page.press("Tab")
        await page.press("Enter")
        await page.until_title("Kies een pincode van 6 tot 8 letters en cijfers")
        await fill(page, CARD_PIN.decode(), CARD_PIN.decode())
        await note_puk(page, "12-puk")
        await page.until_title("Doorgaan?")
        assert "De kaart is uit de kaartlezer" in await page.text()
        await seen(page, "8-pulled-out")
        await page.press("Tab")
        assert await page.focused() == "button: Ja, doorgaan"
        await page.press("Enter")
        await page.until_title("kaart voor ZORG-ID")
        assert "Plaats dezelfde kaart opnieuw" in await page.text()
        await page.press("Tab")
        await page.press("Enter")
        await page.until_title("Gereed")
        await page.value("document.querySelector('[data-language=en]').click()")
        await page.until_title("Ready")
        assert await page.value("document.documentElement.lang") == "en"
        await seen(page, "9-english")


async def test_what_is_refused_is_said(desk: TestDesk, tmp_path: Path) -> None:
    chromium = program("chromium")
    assert chromium is not None
    desk.uzi_pass.left = 1
    async with station_of(desk) as (address, stage), browsing(chromium, tmp_path) as page:
        await page.open(address)
        await begun(page, stage)
        await page.press("Tab")
        await page.press("Enter")
        await page.until_title("pincode van uw UZI-pas")
        assert "Dit is de laatste poging" in await page.text()
        await seen(page, "10-last-try")
        await page.press("Tab")
        await page.press("Tab")
        assert await page.focused() == "button: Stoppen"
        await page.press("Enter")
        await page.until_title("Dat is niet gelukt")
        assert "Gestopt." in await page.text()
        await seen(page, "11-failed")
        await page.press("Tab")
        await page.press("Enter")
        await page.until_title("ZORG-ID Smartcard")
    assert desk.uzi_pass.left == 1
