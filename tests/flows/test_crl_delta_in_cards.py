"""Cards that name the delta of their list: the running program publishes what it signed."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import exchanged, fetched, readiness, until
from pki.api.wire import BlockRequest
from pki.der.certificate import read_certificate
from pki.domain.errors import ConfigurationInvalid
from pki.domain.reasons import BlockReason
from pki.ports import SystemClock
from pki.store.writing import Store
from server.generation.lists import keep_deltas
from server.initialise import ADMINISTRATOR
from server.settings import load
from status_side.house import pem

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

LISTS = """
[crl]
delta = true
delta_in_cards = true
"""


@pytest.fixture(scope="module")
def named(module_practice: Practice, nursery: Nursery) -> Iterator[tuple[Practice, bytes]]:
    """A server whose cards name a part and its delta, and a card on hold, by both."""
    with module_practice.config.open("a", encoding="utf-8") as file:
        file.write(LISTS)
    line = 'published_as = "zorg-id-token-ca"\n'
    module_practice.change((line, f"{line}crl_parts = 2\n"))
    with nursery.serving(module_practice):
        card = asyncio.run(held(module_practice))
        yield module_practice, card
        assert readiness(module_practice.metrics_port) is None
    assert nursery.code == 0


async def held(practice: Practice) -> bytes:
    made = await practice.make_card(employee(1))
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(made.card.card_id, BlockRequest(reason=BlockReason.LOSS))
    return made.certificate


def test_openssl_finds_the_complete_list_and_the_delta_where_the_card_says(
    named: tuple[Practice, bytes], tmp_path: Path
) -> None:
    practice, card = named
    read = read_certificate(card)
    (complete,), (delta,) = read.crl_urls or (), read.delta_urls or ()
    until(lambda: exchanged(delta)[0] == 200, "there is a delta")
    serial = read.content.serial.hex.upper()

    def says() -> str:
        words = ("openssl", "crl", "-inform", "DER", "-noout", "-text")
        return subprocess.run(
            words, input=fetched(delta), capture_output=True, check=True, timeout=180
        ).stdout.decode()

    until(lambda: serial in says(), "the delta lists the card")
    assert "Delta CRL Indicator: critical" in says()
    assert complete in says()
    path = tmp_path / "card.pem"
    path.write_bytes(pem(card))
    root, between = (practice.layout.certificate(each) for each in ("root", "token-ca-g1"))
    judged = subprocess.run(
        ["openssl", "verify", "-crl_check", "-crl_download", "-extended_crl", "-use_deltas"]
        + [str(each) for each in ("-CAfile", root, "-untrusted", between, path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert judged.returncode == 2
    assert "certificate revoked" in judged.stderr


def test_deltas_cannot_be_switched_off_any_more(named: tuple[Practice, bytes]) -> None:
    practice, _ = named
    off = practice.config.with_name("off.toml")
    off.write_text(practice.config.read_text("utf-8").replace(LISTS, ""), "utf-8")
    settings = load(off)
    assert not settings.crl.delta
    store = Store.open(settings.store.url, clock=SystemClock())
    with pytest.raises(ConfigurationInvalid, match="certificates of token-ca-g1 name delta CRLs"):
        asyncio.run(keep_deltas(settings, store))
    store.close_sync()
