"""No answer is older than the bound, under load, and none is invented when things are taken away.

Two workers, one issuing process, relying parties that never stop asking.
"""

import asyncio
import os
import random
import re
import signal
from collections import Counter
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

pytestmark = pytest.mark.slow

BLINDNESS = 3
CARDS = 6
QUIET = 2
"""Cards that the first test only asks for."""
STEPS = 60


@pytest.fixture(scope="module")
def house(module_practice: Practice) -> Iterator[House]:
    """Running for both tests; the second one ends it."""
    practice = module_practice
    text = practice.config.read_text("utf-8")
    practice.config.write_text(
        text.replace("[status]\n", f"[status]\nblindness_limit_seconds = {BLINDNESS}\n"), "utf-8"
    )
    config = str(practice.status_config())
    words = ("serve", "--role", "status", "--workers", "2", "--config", config)
    with practice.serving("issuance") as issuance, practice.spawn(*words) as node:
        node.until_ready(practice.ports.base + STATUS_METRICS)
        yield House(practice, issuance, node, new_cards(practice, CARDS))


async def test_every_answer_is_within_the_bound_of_the_journal(house: House) -> None:
    chance = random.Random(26)
    async with house.practice.client(ADMINISTRATOR) as client:
        with house.asked_without_pause():
            for step in range(STEPS):
                busy = house.cards[QUIET:]
                card = chance.choice([each for each in busy if each.status != "revoked"])
                await change(client, card, chance, last=step > STEPS - len(busy))
                if step == STEPS // 2:
                    os.kill(house.worker(), signal.SIGKILL)
            until(lambda: 'outcome="crashed"} 1.0' in house.metrics, "the death is counted")
            await asyncio.sleep(BOUND)
    assert house.wrong() == []
    answers = Counter(each.status for card in house.cards for each in card.seen)
    assert {"good", "hold", "revoked"} <= answers.keys()
    assert sum(answers[each] for each in NO_ANSWER) < answers.total() / 2
    for card in house.cards:
        assert [each.status for each in card.changes] == journalled(house, card)
    until(lambda: workers_that_answer(house) == {"1", "2"}, "both workers are there again")
    await check_sound(house.practice)


def workers_that_answer(house: House) -> set[str]:
    """Which workers count what they answer; all are asked first."""
    all_said(house, house.cards[0])
    answers = r'zorgid_ocsp_responses_total\{cache="hit",[^}]*worker="(.)"'
    return set(re.findall(answers, house.metrics))


async def test_without_the_store_nothing_is_invented(house: House) -> None:
    practice = house.practice
    warm, cold = house.cards[0], house.cards[1]
    async with practice.client(ADMINISTRATOR) as client:
        await change(client, warm, random.Random(1), last=False)
    until(lambda: set(all_said(house, warm)) == {"hold"}, "every worker says what is so")
    house.issuance.kill()
    store = practice.layout.store
    away = store.with_name("away")
    store.rename(away)
    cold_said, warm_said = Counter[str](), Counter[str]()
    nonces = iter(range(100_000))
    while warm_said["TRY_LATER"] < 50:
        nonce = next(nonces).to_bytes(16, "big")
        live = question(practice, cold.made, hashes.SHA256(), nonce)
        cold_said[said(practice, live)] += 1
        warm_said.update(all_said(house, warm))
    assert warm_said.keys() <= {"hold", "TRY_LATER"}
    assert set(cold_said) == {"TRY_LATER"}
    live = question(practice, cold.made, hashes.SHA256(), b"the last one")
    assert said(practice, live) == "TRY_LATER"
    until(lambda: set(all_said(house, warm)) == {"TRY_LATER"}, "no worker goes on for ever")
    away.rename(store)
    until(lambda: set(all_said(house, warm)) == {"hold"}, "it answers again")
    until(lambda: said(practice, live) == "good", "also what was never cached")
    assert house.node.code is None


def all_said(house: House, card: Card) -> list[str]:
    """New connections meet each of the workers sooner or later."""
    return [said(house.practice, body) for body in card.questions * 6]
