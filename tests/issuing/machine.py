"""Orders, certificates, blocks, links, months and deaths in any order; what must always hold.

The same machine runs on the store in memory and on the real one.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from fakes.issuance_store import ISSUER, START
from issuance.block_card import block_card
from issuance.certify_card import CardCertifier
from issuance.desk import Desk
from issuance.endings.expired import end_expired
from issuance.endings.unlinked import end_unlinked
from issuance.lapse import lapse_overdue
from issuance.linking.link_card import link_card, unlink_card
from issuance.ports import Enquiry, Reader, Store, WholeSession
from issuance.revoke_card import revoke_card
from issuance.rules.unlinked import ends_at
from issuance.steps.intents import close_all_intents
from issuance.unblock_card import unblock_card
from issuing.holder import Holder
from pki.domain.cards import Active, Blocked, Card, Ended, Lapsed, certificate_status
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.status import CertificateStatus, Good, Revoked, Unconfirmed

T = TypeVar("T")

PEOPLE = 2
people = st.integers(min_value=0, max_value=PEOPLE - 1)


class Killed(BaseException):
    """The process dies here."""


def _die() -> None:
    raise Killed


class DyingStore:
    """A store whose process dies before or after the commit number ``countdown`` from here."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.countdown = -1
        self.after_commit = False

    async def write(self, work: Callable[[WholeSession], T], /) -> T:
        self.countdown -= 1
        if self.countdown == 0 and not self.after_commit:
            raise Killed
        result = await self._store.write(work)
        if self.countdown == 0:
            raise Killed
        return result


class CardMachine(RuleBasedStateMachine):
    """Two people with a pass each, one desk, and a process that dies at writes and signatures."""

    runner: asyncio.Runner
    around: Surroundings
    desk: Desk
    reader: Reader

    @abstractmethod
    def open_store(self) -> tuple[Store, Reader]:
        """An empty one, and how it is read."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.around = Surroundings()
        store, self.reader = self.runner.run(self._opened())
        self.store = DyingStore(store)
        self.around.desk = replace(self.around.desk, store=self.store, reader=self.reader)
        self.holders = [Holder(self.around, f"90001234{each}") for each in range(PEOPLE)]
        self.final: dict[SerialNumber, CertificateStatus] = {}
        self.blocks: dict[SerialNumber, object] = {}
        self.keys = 0
        for holder in self.holders:
            self.attempt(holder.begin())

    async def _opened(self) -> tuple[Store, Reader]:
        return self.open_store()

    def attempt(self, action: Coroutine[Any, Any, object]) -> None:
        """Do it; a refusal is an answer, and after a death the process starts again."""
        try:
            self.runner.run(action)
        except ZorgidError:
            return
        except Killed:
            self.restart()

    def restart(self) -> None:
        self.store.countdown = -1
        self.around.authority.before_sign = self.around.authority.after_sign = lambda: None
        self.runner.run(close_all_intents(self.around.desk))
        for holder in self.holders:
            holder.certifier = CardCertifier(self.around.desk)

    def cards_of(self, holder: Holder) -> tuple[Card, ...]:
        number = UziNumber(holder.number)

        def query(snapshot: Enquiry) -> tuple[Card, ...]:
            return tuple(snapshot.cards_of_person(number))

        return self.runner.run(self.reader.read(query))

    def status(self, serial: SerialNumber) -> CertificateStatus | None:
        return self.runner.run(self.reader.read(lambda snapshot: snapshot.status(ISSUER, serial)))

    @rule(writes=st.integers(min_value=0, max_value=4), after=st.booleans())
    def arrange_death(self, writes: int, after: bool) -> None:
        """At a write, or with 0 at a signature; before it or after."""
        if writes:
            self.store.countdown, self.store.after_commit = writes, after
        elif after:
            self.around.authority.after_sign = _die
        else:
            self.around.authority.before_sign = _die

    @rule(seconds=st.sampled_from([1, 70, 900, 1900]))
    def wait(self, seconds: int) -> None:
        self.around.clock.advance(seconds=seconds)
        self.attempt(lapse_overdue(self.around.desk))

    @rule(who=people)
    def open(self, who: int) -> None:
        self.attempt(self.holders[who].begin())

    @rule(who=people, again=st.booleans(), number=st.integers(min_value=0, max_value=9))
    def order(self, who: int, again: bool, number: int) -> None:
        self.keys += not again
        key = f"order-{who}-{self.keys:012}"
        self.attempt(self.holders[who].order(key, f"ZC-{number:06}"))

    @rule(who=people)
    def make(self, who: int) -> None:
        self.keys += 1
        holder = self.holders[who]

        async def whole() -> None:
            await holder.order(f"order-{who}-{self.keys:012}", f"ZC-{10 + self.keys:06}")
            await holder.certify(f"key {self.keys}".encode())
            await holder.confirm()

        self.attempt(whole())

    @precondition(lambda self: any(hasattr(each, "card") for each in self.holders))
    @rule(who=people, key=st.integers(min_value=0, max_value=1), confirm=st.booleans())
    def certify(self, who: int, key: int, confirm: bool) -> None:
        holder = self.holders[who]
        if not hasattr(holder, "card"):
            return
        self.attempt(holder.certify(f"key {holder.card.card_number} {key}".encode()))
        if confirm and hasattr(holder, "certified"):
            self.attempt(holder.confirm())

    @rule(who=people, what=st.sampled_from(["block", "unblock", "revoke", "block and revoke"]))
    def operate(self, who: int, what: str) -> None:
        desk, team = self.around.desk, self.around.team
        for card in self.cards_of(self.holders[who])[:1]:
            match what:
                case "block":
                    self.attempt(block_card(desk, team, card.id, BlockReason.LOSS))
                case "unblock":
                    self.attempt(unblock_card(desk, team, card.id))
                case _:
                    if what != "revoke":
                        self.attempt(block_card(desk, team, card.id, BlockReason.LOSS))
                        self.status_agrees_with_phase()
                        self.around.clock.advance(seconds=5)
                    self.attempt(revoke_card(desk, team, card.id, RevokeReason.DEFECT))

    @rule(who=people, ura=st.sampled_from([APOTHEEK, HUISARTS]), link=st.booleans())
    def manage(self, who: int, ura: Ura, link: bool) -> None:
        desk, team = self.around.desk, self.around.team
        if link:
            self.attempt(link_card(desk, team, UziNumber(self.holders[who].number), ura))
            return
        for card in self.cards_of(self.holders[who])[:1]:
            self.attempt(unlink_card(desk, team, card.id, ura))

    @rule(days=st.sampled_from([30, 59, 62, 1100]))
    def months_pass(self, days: int) -> None:
        self.around.clock.advance(days=days)
        self.attempt(self.nobody_is_alone_too_long())

    async def nobody_is_alone_too_long(self) -> None:
        await end_expired(self.around.desk)
        await end_unlinked(self.around.desk)
        now = self.around.clock.now()

        def query(snapshot: Enquiry) -> list[datetime]:
            alone = [
                snapshot.unlinked_since(each.id) for each in snapshot.cards_unlinked_before(now)
            ]
            return [since for since in alone if since is not None]

        assert all(ends_at(since) > now for since in await self.reader.read(query))

    @invariant()
    def nobody_ends_while_managed(self) -> None:
        for holder in getattr(self, "holders", []):
            for card in self.cards_of(holder):
                match card.phase:
                    case Ended(at=at, reason=RevokeReason.UNLINKED):
                        since = self.unlinked_since(card)
                        assert since is not None
                        assert ends_at(since) <= at
                    case _:
                        pass

    def unlinked_since(self, card: Card) -> datetime | None:
        return self.runner.run(self.reader.read(lambda snapshot: snapshot.unlinked_since(card.id)))

    @invariant()
    def one_live_card_a_person(self) -> None:
        for holder in getattr(self, "holders", []):
            assert sum(card.is_live for card in self.cards_of(holder)) <= 1

    @invariant()
    def status_agrees_with_phase(self) -> None:
        for holder in getattr(self, "holders", []):
            for card in self.cards_of(holder):
                if card.serial is None:
                    continue
                self.watch_dates(card)
                expected, found = certificate_status(card.phase), self.status(card.serial)
                if isinstance(expected, Unconfirmed):
                    assert isinstance(found, Unconfirmed)
                else:
                    assert found == expected

    def watch_dates(self, card: Card) -> None:
        assert card.serial is not None
        match card.phase:
            case Blocked(at=at):
                self.blocks[card.serial] = at
            case Active():
                self.blocks.pop(card.serial, None)
            case Ended(at=at, revoked_at=revoked_at, reason=RevokeReason.UNLINKED):
                assert revoked_at == self.blocks.get(card.serial, at)
            case Ended(revoked_at=revoked_at):
                assert revoked_at == self.blocks[card.serial]
            case Lapsed(revoked_at=revoked_at):
                assert revoked_at is not None
                assert revoked_at >= START
            case _:
                pass

    @invariant()
    def signed_once_and_known(self) -> None:
        if not hasattr(self, "holders"):
            return
        signed = self.around.authority.signed
        assert len(set(signed)) == len(signed)
        cards = [card for holder in self.holders for card in self.cards_of(holder)]
        owned = {card.serial for card in cards}
        for tbs in signed:
            serial = SerialNumber.from_bytes(tbs[3:23])
            status = self.status(serial)
            assert status is not None
            if serial not in owned:
                assert not isinstance(status, Good)
            if serial in self.final:
                assert status == self.final[serial]
            if isinstance(status, Revoked):
                self.final[serial] = status

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.close_store())
            self.runner.close()

    async def close_store(self) -> None:
        """For stores that hold something open."""
