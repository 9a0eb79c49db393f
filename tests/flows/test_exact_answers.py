"""No answer is older than the bound, under load, and none is invented when things are taken away.

Two workers, one issuing process, relying parties that never stop asking. A change is in force at
some moment between its request to the API and the API's answer; so what an answer may say follows
from when it was asked and received, without any clock but this process's own.
"""

import asyncio
import http.client
import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from card_writer.flow.making import Made
from pki.api.client import IssuanceClient
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.reasons import BlockReason, RevokeReason
from practice import STATUS_METRICS, Practice, employee
from program import Running, exchanged, fetched, until
from server.initialise import ADMINISTRATOR

pytestmark = pytest.mark.slow

BOUND = 1.0
"""Seconds between a commit and the last answer from before it, in another process."""
BLINDNESS = 3
CARDS = 6
QUIET = 2
"""Cards that the first test only asks for."""
STEPS = 60
ASKERS = 4
NO_ANSWER = {"TRY_LATER", "gone"}
BLOCK = BlockRequest(reason=BlockReason.SECURITY_INCIDENT)
REVOKE = RevokeRequest(reason=RevokeReason.DEFECT)


@dataclass(frozen=True)
class Seen:
    """One answer: ``asked`` and ``received`` are monotonic times around it."""

    asked: float
    received: float
    status: str


@dataclass(frozen=True)
class Change:
    """One change: in force since some moment between ``begun`` and ``answered``."""

    begun: float
    answered: float
    status: str


@dataclass
class Card:
    """A card, the questions about it, what happened to it and what was said of it."""

    made: Made
    questions: list[bytes]
    changes: list[Change]
    seen: list[Seen] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.changes[-1].status

    def possible(self, seen: Seen) -> set[str]:
        """What an answer asked and received then may say."""
        ends = [change.answered for change in self.changes[1:]] + [float("inf")]
        return {
            change.status
            for change, end in zip(self.changes, ends, strict=True)
            if change.begun <= seen.received and end >= seen.asked - BOUND
        }


def question(
    practice: Practice, made: Made, digest: hashes.HashAlgorithm, nonce: bytes | None = None
) -> bytes:
    pem = practice.layout.certificate("token-ca-g1").read_bytes()
    issuer = x509.load_pem_x509_certificate(pem)
    card = x509.load_der_x509_certificate(made.certificate)
    builder = ocsp.OCSPRequestBuilder().add_certificate(card, issuer, digest)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def said(practice: Practice, body: bytes) -> str:
    """What the node says: good, hold, revoked, unknown, TRY_LATER, or gone."""
    try:
        _, der = exchanged(practice.ocsp_url, body, "application/ocsp-request")
    except (OSError, http.client.HTTPException):
        return "gone"
    answer = ocsp.load_der_ocsp_response(der)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status.name
    if answer.revocation_reason is x509.ReasonFlags.certificate_hold:
        return "hold"
    return answer.certificate_status.name.lower()


@dataclass
class House:
    """The two processes' installation, and the cards made in it."""

    practice: Practice
    issuance: Running
    node: Running
    cards: list[Card]

    @property
    def metrics(self) -> str:
        port = self.practice.ports.base + STATUS_METRICS
        return fetched(f"http://127.0.0.1:{port}/metrics").decode()

    def worker(self) -> int:
        pid = self.node.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    @contextmanager
    def asked_without_pause(self) -> Iterator[None]:
        stop = threading.Event()

        def ask(chance: random.Random) -> None:
            while not stop.is_set():
                card = chance.choice(self.cards)
                body, asked = chance.choice(card.questions), time.monotonic()
                status = said(self.practice, body)
                card.seen.append(Seen(asked, time.monotonic(), status))

        threads = [threading.Thread(target=ask, args=(random.Random(n),)) for n in range(ASKERS)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in threads:
                each.join()


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
        begun = time.monotonic()
        made = asyncio.run(made_cards(practice))
        cards = [
            Card(
                made=each,
                questions=[question(practice, each, d()) for d in (hashes.SHA1, hashes.SHA256)],
                changes=[Change(begun, time.monotonic(), "good")],
            )
            for each in made
        ]
        yield House(practice, issuance, node, cards)


async def made_cards(practice: Practice) -> list[Made]:
    return [await practice.make_card(employee(40 + number)) for number in range(CARDS)]


async def change(client: IssuanceClient, card: Card, chance: random.Random, *, last: bool) -> None:
    """Block, unblock or, at the end, revoke: whatever may be done to it now."""
    status = {"good": "hold", "hold": "revoked" if last else "good"}[card.status]
    begun = time.monotonic()
    card_id = card.made.card.card_id
    if status == "hold":
        await client.block(card_id, BLOCK)
    elif status == "good":
        await client.unblock(card_id)
    else:
        await client.revoke(card_id, REVOKE)
    card.changes.append(Change(begun, time.monotonic(), status))
    await asyncio.sleep(chance.choice((0, 0.02, 0.3)))


def journalled(house: House, card: Card) -> list[str]:
    """What the journal says happened to the card, in its order."""
    shown = house.practice.zorgid("journal", "show", "--json", "--limit", "10000")
    names = {
        "card.confirmed": "good",
        "card.blocked": "hold",
        "card.unblocked": "good",
        "card.revoked": "revoked",
    }
    entries = json.loads(shown.stdout)["result"]["entries"]
    return [
        names[entry["kind"]]
        for entry in entries
        if entry["kind"] in names and entry["payload"]["card"] == card.made.card.card_id.value
    ]


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
    wrong = [
        (each, card.possible(each))
        for card in house.cards
        for each in card.seen
        if each.status not in card.possible(each) | NO_ANSWER
    ]
    assert wrong == []
    answers = Counter(each.status for card in house.cards for each in card.seen)
    assert {"good", "hold", "revoked"} <= answers.keys()
    assert sum(answers[each] for each in NO_ANSWER) < answers.total() / 20
    for card in house.cards:
        assert [each.status for each in card.changes] == journalled(house, card)
    until(lambda: workers_seen(house) == {"1", "2"}, "both workers are there again")


def workers_seen(house: House) -> set[str]:
    """Which workers count what they answer."""
    return set(re.findall(r'zorgid_ocsp_cache_total\{outcome="hit",worker="(.)"', house.metrics))


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
    assert set(all_said(house, warm)) == {"TRY_LATER"}
    away.rename(store)
    until(lambda: set(all_said(house, warm)) == {"hold"}, "it answers again")
    until(lambda: said(practice, live) == "good", "also what was never cached")
    assert house.node.code is None


def all_said(house: House, card: Card) -> list[str]:
    """New connections meet each of the workers sooner or later."""
    return [said(house.practice, body) for body in card.questions * 6]
