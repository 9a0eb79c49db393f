"""People, cards, organisations and roles in any order; what must always hold.

The same machine runs on the store in memory and on the real one.
"""

from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from fakes.issuance import RSA, answer, person_name
from issuance.block_card import block_card
from issuance.endings.expired import end_expired
from issuance.endings.unlinked import end_unlinked
from issuance.lapse import lapse_overdue
from issuance.linking.link_card import link_card, unlink_card
from issuance.open_session import PassProof, ask_challenge
from issuance.operators.appoint import (
    NewAppointment,
    appoint_operator,
    withdraw_appointment,
)
from issuance.operators.block import block_operator, unblock_operator
from issuance.operators.take_back import take_back_operator
from issuance.operators.take_up import take_up_appointment
from issuance.organisations.end import close_organisation, merge_organisations
from issuance.organisations.finish import finish_by_pass
from issuance.organisations.prepare import prepare_organisation
from issuance.ports import Enquiry
from issuance.register_organisation import NewOrganisation
from issuance.revoke_card import revoke_card
from issuance.rules.permissions import Action, Reach, require
from issuance.rules.unlinked import ends_at
from issuance.steps.callers import operator_of
from issuance.unblock_card import unblock_card
from issuing.holder import Holder
from pki.domain.errors import Forbidden
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.people import (
    Operator,
    OrganisationKind,
    Role,
)
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.records import ChallengePurpose
from pki.domain.registration.records import KnownPerson
from registration.house import RegistrationHouse
from registration.seen import NUMBERS, URAS, SeenCard, look

T = TypeVar("T")

MANY_ENTRIES: Final = 100_000

uras = st.sampled_from(URAS)
people = st.sampled_from(NUMBERS)
actors = st.integers(min_value=0, max_value=5)


class RegistrationMachine(RegistrationHouse):
    """Three people, three organisations, and the ZORG-ID team."""

    @initialize()
    def begin(self) -> None:
        """Two organisations are registered, one is prepared, and somebody has a card."""
        self.open()
        for ura in URAS:
            self.reorganise("prepare", ura, ura, OrganisationKind.HUISARTSENPOST, "")
        for ura in URAS[:2]:
            self.attempt(self.finish(ura, NUMBERS[-1]))
            self.take_up(0)
        self.make_card(NUMBERS[0], URAS[0])

    @rule(
        what=st.sampled_from(["prepare", "finish", "close", "merge"]),
        ura=uras,
        into=uras,
        kind=st.sampled_from(OrganisationKind),
        number=people,
    )
    def reorganise(
        self, what: str, ura: Ura, into: Ura, kind: OrganisationKind, number: str
    ) -> None:
        desk, team = self.around.desk, self.around.team
        match what:
            case "prepare":
                new = NewOrganisation(ura=ura, name="Zorg")
                self.attempt(prepare_organisation(desk, team, new, kind))
            case "finish":
                self.attempt(self.finish(ura, number))
            case "close":
                self.attempt(close_organisation(desk, team, ura))
            case _:
                self.attempt(merge_organisations(desk, team, (ura, into)))

    async def finish(self, ura: Ura, number: str) -> None:
        """With an employee's pass: only a huisartsenpost takes it."""
        desk, certificate = self.around.desk, self.around.uzi_pass(number, ura)
        challenge = await ask_challenge(desk, ChallengePurpose.FINISH_REGISTRATION)
        proof = PassProof(
            challenge_id=challenge.id,
            certificate=certificate,
            signature=answer(challenge, certificate),
            algorithm=RSA,
        )
        done = await finish_by_pass(desk, proof)
        assert done.organisation.kind is OrganisationKind.HUISARTSENPOST
        self.codes.append(done.appointed)

    @rule(
        by=actors,
        role=st.sampled_from([Role.ADMINISTRATOR, Role.BEHEERDER]),
        ura=uras,
        number=people,
        supplier=st.sampled_from([None, None, "Leverancier"]),
    )
    def appoint(self, by: int, role: Role, ura: Ura, number: str, supplier: str | None) -> None:
        person = KnownPerson(uzi_number=UziNumber(number), name=person_name("Jansen"))
        new = NewAppointment(role=role, ura=ura, person=person, supplier=supplier)

        async def whole() -> None:
            operator = await self.actor(by)
            self.codes.append(await appoint_operator(self.around.desk, operator, new))
            administrator = (operator.role, operator.ura) == (Role.ADMINISTRATOR, ura)
            assert operator.role is Role.ZORGID_TEAM or administrator

        self.attempt(whole())

    @rule(which=st.integers(min_value=0, max_value=9))
    def take_up(self, which: int) -> None:
        if not self.codes:
            return
        code = self.codes[-1 - which % len(self.codes)].code
        certificate = f"certificate {len(self.certificates)}".encode()

        async def whole() -> None:
            await take_up_appointment(self.around.desk, certificate, code)
            assert code not in self.taken
            self.taken.add(code)
            self.certificates.append(certificate)

        self.attempt(whole())

    @rule(by=actors, which=st.integers(min_value=0, max_value=9))
    def withdraw(self, by: int, which: int) -> None:
        if not self.codes:
            return
        appointment = self.codes[which % len(self.codes)].appointment

        async def whole() -> None:
            await withdraw_appointment(self.around.desk, await self.actor(by), appointment.id)

        self.attempt(whole())

    @rule(by=actors, whom=actors, what=st.sampled_from(["block", "unblock", "take back"]))
    def change_operator(self, by: int, whom: int, what: str) -> None:
        async def whole() -> None:
            desk = self.around.desk
            found = await self.reader.read(everybody)
            if not found:
                return
            target, operator = found[whom % len(found)], await self.actor(by)
            match what:
                case "block":
                    await block_operator(desk, operator, target.id, target.ura, BlockReason.LOSS)
                case "unblock":
                    await unblock_operator(desk, operator, target.id, target.ura)
                case _:
                    await take_back_operator(desk, operator, target.id)

        self.attempt(whole())

    @rule(number=people, ura=uras)
    def make_card(self, number: str, ura: Ura) -> None:
        self.orders += 1
        holder = Holder(self.around, number)
        holder.certificate = self.around.uzi_pass(number, ura)

        async def whole() -> None:
            await holder.begin()
            await holder.order(f"order-{self.orders:012}", f"ZC-{self.orders:06}")
            await holder.certify(f"key {self.orders}".encode())
            await holder.confirm()

        self.attempt(whole())

    @rule(by=actors, which=actors, what=st.sampled_from(["block", "unblock", "revoke", "end"]))
    def change_card(self, by: int, which: int, what: str) -> None:
        async def whole() -> None:
            desk, operator, seen = self.around.desk, await self.actor(by), await self.card(which)
            if what in {"block", "end"}:
                await block_card(desk, operator, seen.card.id, BlockReason.LOSS)
            elif what == "unblock":
                await unblock_card(desk, operator, seen.card.id)
            if what in {"revoke", "end"}:
                await revoke_card(desk, operator, seen.card.id, RevokeReason.DEFECT)
            everywhere = require(operator, Action.BLOCK_CARD) is Reach.EVERYWHERE
            assert everywhere or operator.ura in seen.links

        self.attempt(whole())

    @rule(by=actors, which=actors, ura=uras, link=st.booleans())
    def manage(self, by: int, which: int, ura: Ura, link: bool) -> None:
        async def whole() -> None:
            desk, operator, seen = self.around.desk, await self.actor(by), await self.card(which)
            if link:
                await link_card(desk, operator, seen.holder, ura)
            else:
                await unlink_card(desk, operator, seen.card.id, ura)

        self.attempt(whole())

    async def card(self, which: int) -> SeenCard:
        """One of the cards in use, or of all where none is."""
        cards = (await self.reader.read(look)).cards
        cards = [each for each in cards if each.card.is_live] or cards
        return cards[which % len(cards)]

    @rule(days=st.sampled_from([0, 1, 9, 11, 31, 62]))
    def days_pass(self, days: int) -> None:
        self.around.clock.advance(days=days)

        async def whole() -> None:
            desk = self.around.desk
            await lapse_overdue(desk)
            await end_expired(desk)
            await end_unlinked(desk)

            def query(snapshot: Enquiry) -> None:
                for each in snapshot.cards_unlinked_before(desk.clock.now()):
                    since = snapshot.unlinked_since(each.id)
                    assert since is not None
                    assert ends_at(since) > desk.clock.now(), "nobody is alone for too long"

            await self.reader.read(query)

        self.attempt(whole())

    @invariant()
    def all_holds(self) -> None:
        """One look at the store a step: every rule is held against the same snapshot."""
        if not hasattr(self, "reader"):
            return
        self.remembered.check(self.read(look))

    @invariant()
    def who_is_blocked_is_let_in_nowhere(self) -> None:
        for certificate in getattr(self, "certificates", []):
            try:
                operator = self.runner.run(operator_of(self.around.desk, certificate))
            except Forbidden:
                continue
            assert operator.blocked_at is None


def everybody(snapshot: Enquiry) -> list[Operator]:
    return [each for ura in URAS for each in snapshot.operators_of(ura)]
