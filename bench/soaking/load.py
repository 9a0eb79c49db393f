"""Desks that make cards, operators who change them, relying parties who ask without pause."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes

from bench.soaking.house import House
from installed.practice import employee
from installed.program import exchanged
from installed.sound import Change, Requests
from pki.domain.errors import Unavailable
from status_side.exact import NO_ANSWER, Card, Seen, question, said
from status_side.exact import Change as Known

OPERATORS = 2
ASKERS = 2
ASKED_SECONDS = 0.02
LISTS, LIVE = 0.05, 0.3
"""Shares of what is asked: for CRLs, and with a nonce."""

AFTER = {Change.BLOCK: "hold", Change.UNBLOCK: "good", Change.REVOKE: "revoked"}


@dataclass(kw_only=True)
class Load:
    """One round of it, and what is known of each card."""

    house: House
    chance: random.Random
    cards: list[Card] = field(default_factory=list)
    made: int = 0
    changed: int = 0
    refused: int = 0
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    _people: Iterator[int] = field(default_factory=itertools.count)

    async def round(self, requests: Requests, stop: asyncio.Event) -> None:
        """All of it until ``stop``; what is under way then is finished."""
        busy: set[int] = set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._desk(stop))
            for _ in range(OPERATORS):
                tasks.create_task(self._operator(requests, busy, stop))
            for _ in range(ASKERS):
                tasks.create_task(self._asker(stop))
        self.changed += len(requests.asked)
        self.refused += len(requests.refusals)

    async def _desk(self, stop: asyncio.Event) -> None:
        practice = self.house.practice
        while not stop.is_set():
            someone = employee(next(self._people))
            uzi_pass, card = practice.make_pass(someone), practice.blank_card(someone.label)
            begun, made = time.monotonic(), None
            while made is None:
                try:
                    made = await practice.run_desk(uzi_pass, card)
                except Unavailable:
                    self.refused += 1
                    await asyncio.sleep(0.2)
            body = question(practice, made, hashes.SHA256())
            known = [Known(begun, time.monotonic(), "good")]
            self.cards.append(Card(made=made, questions=[body], changes=known))
            self.made += 1
            await asyncio.sleep(self.chance.uniform(0, 1))

    async def _operator(self, requests: Requests, busy: set[int], stop: asyncio.Event) -> None:
        while not stop.is_set():
            free = [each for each in self.cards if id(each) not in busy]
            free = [each for each in free if each.status != "revoked"]
            if not free:
                await asyncio.sleep(0.1)
                continue
            card = self.chance.choice(free)
            busy.add(id(card))
            change = Change.BLOCK
            if card.status == "hold":
                change = self.chance.choice((Change.UNBLOCK, Change.UNBLOCK, Change.REVOKE))
            begun = time.monotonic()
            # Until it is acknowledged either may be said.
            card.changes.append(Known(begun, float("inf"), AFTER[change]))
            await requests.insist(self.house.practice, change, card.made.card.card_id)
            card.changes[-1] = Known(begun, time.monotonic(), AFTER[change])
            busy.discard(id(card))
            await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def _asker(self, stop: asyncio.Event) -> None:
        practice = self.house.practice
        while not stop.is_set():
            await asyncio.sleep(ASKED_SECONDS)
            if not self.cards:
                continue
            self.asked += 1
            if self.chance.random() < LISTS:
                with suppress(OSError):
                    list_url = f"{practice.base_url}/crl/zorg-id-token-ca.crl"
                    await asyncio.to_thread(exchanged, list_url)
                continue
            card = self.chance.choice(self.cards)
            nonce = self.chance.randbytes(32) if self.chance.random() < LIVE else None
            body = card.questions[0]
            if nonce is not None:
                body = question(practice, card.made, hashes.SHA256(), nonce)
            begun = time.monotonic()
            status = await asyncio.to_thread(said, practice, body)
            seen = Seen(begun, time.monotonic(), status)
            if status not in card.possible(seen) | NO_ANSWER:
                self.wrong.append(f"{status}, and not one of {sorted(card.possible(seen))}")
