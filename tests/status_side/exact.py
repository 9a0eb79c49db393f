"""Relying parties that never stop asking, and what they may be told.

A change is in force at some moment between its request to the API and the API's answer; so what an
answer may say follows from when it was asked and received, without any clock but this process's.
"""

import asyncio
import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from card_writer.flow.making import Made
from installed.practice import STATUS_METRICS, Practice, employee
from installed.program import Running, exchanged, fetched
from pki.api.client import IssuanceClient
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.reasons import BlockReason, RevokeReason

BOUND = 1.0
"""Seconds between a commit and the last answer from before it, in another process."""
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
    live: bool = False


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
    """What the node says: good, hold, revoked, unknown, TRY_LATER, or gone.

    Anything else is shown as it is, and is wrong.
    """
    try:
        status, der = exchanged(practice.ocsp_url, body, "application/ocsp-request")
    except (OSError, http.client.HTTPException):
        return "gone"
    if status != HTTPStatus.OK:
        return f"{status} {der!r}"
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
    def asked_without_pause(self, *, nonces: bool = False) -> Iterator[None]:
        """With ``nonces`` every other question is one that only a new signature answers."""
        stop = threading.Event()

        def ask(chance: random.Random) -> None:
            while not stop.is_set():
                card = chance.choice(self.cards)
                live = nonces and chance.random() < 0.5
                body = (
                    question(self.practice, card.made, hashes.SHA256(), chance.randbytes(32))
                    if live
                    else chance.choice(card.questions)
                )
                asked = time.monotonic()
                status = said(self.practice, body)
                card.seen.append(Seen(asked, time.monotonic(), status, live=live))

        threads = [threading.Thread(target=ask, args=(random.Random(n),)) for n in range(ASKERS)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in threads:
                each.join()

    def wrong(self) -> list[tuple[Seen, set[str]]]:
        """Answers that say what was not so, each with what it might have said."""
        return [
            (each, card.possible(each))
            for card in self.cards
            for each in card.seen
            if each.status not in card.possible(each) | NO_ANSWER
        ]


def new_cards(practice: Practice, count: int, first: int = 40) -> list[Card]:
    """Cards that are good, and the questions that are asked about each."""
    begun = time.monotonic()

    async def made() -> list[Made]:
        return [await practice.make_card(employee(first + number)) for number in range(count)]

    return [
        Card(
            made=each,
            questions=[question(practice, each, d()) for d in (hashes.SHA1, hashes.SHA256)],
            changes=[Change(begun, time.monotonic(), "good")],
        )
        for each in asyncio.run(made())
    ]


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
