"""The signer and the database are taken away under load: right answers, or none.

Two workers with a store in PostgreSQL and a responder key in a token; half of what is asked has a
nonce, so that only a new signature answers it.
"""

import asyncio
import random
import subprocess
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes

from installed.practice import STATUS_METRICS, Practice
from installed.program import until
from installed.sound import check_sound
from server.initialise import ADMINISTRATOR
from status_side.exact import (
    BOUND,
    NO_ANSWER,
    Card,
    House,
    change,
    journalled,
    new_cards,
    question,
    said,
)
from strangers.postgres_killed import Killable, killable, moved
from strangers.softhsm import PIN, SoftHsm

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.softhsm,
    pytest.mark.openssl,
    pytest.mark.slow,
]

KEY_ID = "0c51"
CARDS = 3
STEPS = 6


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """A token with an RSA key for the responder."""
    folder = tmp_path_factory.mktemp("hsm")
    hsm, plain = SoftHsm.make(folder / "token"), folder / "key.pem"
    hsm.add_token("ocsp")
    words = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    subprocess.run([*words, "-out", str(plain)], check=True, capture_output=True)
    hsm.import_key("ocsp", KEY_ID, "ocsp", plain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(hsm.config))
        yield hsm


@pytest.fixture(scope="module")
def database(module_practice: Practice) -> Iterator[Killable]:
    """The practice's store, moved into PostgreSQL."""
    practice = module_practice
    with killable() as cluster:
        url = cluster.url(cluster.create())
        moved(practice.layout.store, url)
        practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
        yield cluster


@pytest.fixture(scope="module")
def house(module_practice: Practice, hsm: SoftHsm, database: Killable) -> Iterator[House]:
    """Running for both tests."""
    del database
    practice = module_practice
    pin = practice.layout.secret("hsm-pin")
    pin.touch(0o600)
    pin.write_bytes(PIN)
    config = practice.status_config()
    text = config.read_text("utf-8")
    inner = f'module = "{hsm.module}", token = "ocsp", key_id = "{KEY_ID}"'
    memory = 'responder_key = { type = "p-256" }'
    assert memory in text
    token = f'responder_key = {{ pkcs11 = {{ {inner}, pin_file = "secrets/hsm-pin" }} }}'
    config.write_text(text.replace(memory, token), "utf-8")
    words = ("serve", "--role", "status", "--workers", "2", "--config", str(config))
    with practice.serving("issuance") as issuance, practice.spawn(*words) as node:
        node.until_ready(practice.ports.base + STATUS_METRICS)
        yield House(practice, issuance, node, new_cards(practice, CARDS))


def live(house: House, card: Card, chance: random.Random) -> str:
    """What is said to a question that nobody asked before."""
    return said(
        house.practice, question(house.practice, card.made, hashes.SHA256(), chance.randbytes(32))
    )


def answered_live(house: House, chance: random.Random) -> bool:
    """Whether new connections get new signatures that say what is so, from whichever worker."""
    return all(live(house, card, chance) == card.status for card in house.cards for _ in range(4))


def refused_live(house: House) -> bool:
    """Whether a question that only a new signature answers was refused."""
    return any(
        each.live and each.status == "TRY_LATER" for card in house.cards for each in card.seen
    )


async def some_changes(house: House, chance: random.Random) -> None:
    """Blocks and their ends."""
    async with house.practice.client(ADMINISTRATOR) as client:
        for _ in range(STEPS):
            await change(client, chance.choice(house.cards), chance, last=False)


async def test_without_the_signer_nothing_is_invented(house: House, hsm: SoftHsm) -> None:
    chance = random.Random(4)
    with house.asked_without_pause(nonces=True):
        await some_changes(house, chance)
        with hsm.away():
            await some_changes(house, chance)
            until(lambda: refused_live(house), "a live question is refused")
        until(lambda: answered_live(house, chance), "it signs again")
        await some_changes(house, chance)
    await right(house)


async def test_without_its_database_nothing_is_invented(house: House, database: Killable) -> None:
    chance = random.Random(5)
    for card in house.cards:
        card.seen.clear()
    with house.asked_without_pause(nonces=True):
        await some_changes(house, chance)
        await asyncio.to_thread(database.kill)
        await asyncio.sleep(2 * BOUND)
        until(lambda: refused_live(house), "a live question is refused")
        await asyncio.to_thread(database.start)
        until(lambda: answered_live(house, chance), "it answers again")
        await some_changes(house, chance)
    await right(house)
    assert house.issuance.code is None
    assert house.node.code is None


async def right(house: House) -> None:
    """What was asked with a nonce was refused for some time, and otherwise answered as it was."""
    assert house.wrong() == []
    assert refused_live(house)
    told = {each.status for card in house.cards for each in card.seen if each.live}
    assert {"good", "hold"} <= told <= {"good", "hold", *NO_ANSWER}
    for card in house.cards:
        assert [each.status for each in card.changes] == journalled(house, card)
    await check_sound(house.practice)
