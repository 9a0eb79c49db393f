"""What is to be seen of people, cards, organisations and roles, and what must always hold of it."""

from dataclasses import dataclass, field
from typing import Final

from fakes.issuance_store import ISSUER
from issuance.ports import Enquiry
from pki.domain.cards import Active, Blocked, Card, Ended, certificate_status
from pki.domain.identifiers import CardId, Ura, UziNumber
from pki.domain.people import Operator, Organisation, OrganisationState, Role
from pki.domain.registration.records import Appointment
from pki.domain.status import CertificateStatus

URAS: Final = (Ura("11111111"), Ura("22222222"), Ura("33333333"))
NUMBERS: Final = ("900000001", "900000002", "900000003")


@dataclass(frozen=True, kw_only=True)
class SeenCard:
    card: Card
    holder: UziNumber
    links: tuple[Ura, ...]
    unlinked: bool
    status: CertificateStatus | None


@dataclass(frozen=True, kw_only=True)
class SeenPerson:
    uses_mobiel: bool
    live: Card | None
    cards: tuple[SeenCard, ...]


@dataclass(frozen=True, kw_only=True)
class SeenOrganisation:
    organisation: Organisation
    operators: tuple[Operator, ...]
    appointments: tuple[Appointment, ...]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The whole store, on one snapshot."""

    people: tuple[SeenPerson, ...]
    organisations: tuple[SeenOrganisation, ...]

    @property
    def cards(self) -> list[SeenCard]:
        return [card for person in self.people for card in person.cards]


def look(snapshot: Enquiry) -> Seen:
    organisations = (snapshot.organisation_by_ura(ura) for ura in URAS)
    persons = (snapshot.person_by_uzi_number(UziNumber(each)) for each in NUMBERS)
    return Seen(
        people=tuple(
            SeenPerson(
                uses_mobiel=snapshot.uses_mobiel(each.id),
                live=snapshot.live_card_of(each.id),
                cards=tuple(
                    _seen_card(snapshot, card, each.uzi_number)
                    for card in snapshot.cards_of_person(each.uzi_number)
                ),
            )
            for each in persons
            if each is not None
        ),
        organisations=tuple(
            SeenOrganisation(
                organisation=each,
                operators=tuple(snapshot.operators_of(each.ura)),
                appointments=tuple(snapshot.appointments_of(each.ura)),
            )
            for each in organisations
            if each is not None
        ),
    )


def _seen_card(snapshot: Enquiry, card: Card, holder: UziNumber) -> SeenCard:
    return SeenCard(
        card=card,
        holder=holder,
        links=snapshot.links_of(card.id),
        unlinked=snapshot.unlinked_since(card.id) is not None,
        status=None if card.serial is None else snapshot.status(ISSUER, card.serial),
    )


@dataclass
class Remembered:
    """What was seen before, for what may only go one way."""

    states: dict[Ura, OrganisationState] = field(default_factory=dict)
    governed: set[Ura] = field(default_factory=set)
    ended: dict[CardId, SeenCard] = field(default_factory=dict)

    def check(self, seen: Seen) -> None:
        """Every rule is held against the same snapshot."""
        for person in seen.people:
            check_person(person)
        for each in seen.organisations:
            self.check_organisation(each)
            check_merged(each, seen.cards)
        for card in seen.cards:
            self.check_card(card)

    def check_organisation(self, seen: SeenOrganisation) -> None:
        """It goes forward only, and whoever was governed still is."""
        ura, state = seen.organisation.ura, seen.organisation.state
        order = list(OrganisationState)
        assert order.index(state) >= order.index(self.states.get(ura, state))
        self.states[ura] = state
        administrators = [each for each in seen.operators if each.role is Role.ADMINISTRATOR]
        able = [each for each in administrators if each.blocked_at is None]
        if able:
            self.governed.add(ura)
        if state is OrganisationState.REGISTERED:
            assert able or ura not in self.governed, "the last administrator"
        assert all(each.role is Role.BEHEERDER for each in seen.operators if each.supplier)

    def check_card(self, seen: SeenCard) -> None:
        """Its status is what its phase says, and revoked is final."""
        if seen.status is not None:
            assert type(seen.status) is type(certificate_status(seen.card.phase))
        if seen.card.id in self.ended:
            assert (seen.card, seen.status) == (
                self.ended[seen.card.id].card,
                self.ended[seen.card.id].status,
            )
        elif isinstance(seen.card.phase, Ended):
            self.ended[seen.card.id] = seen
        if isinstance(seen.card.phase, Active | Blocked):
            assert seen.unlinked is (not seen.links)


def check_merged(seen: SeenOrganisation, cards: list[SeenCard]) -> None:
    """What has merged manages nothing any more, and what is prepared nothing yet."""
    if seen.organisation.state not in {OrganisationState.MERGED, OrganisationState.PREPARED}:
        return
    assert not seen.operators
    assert not seen.appointments or seen.organisation.state is OrganisationState.PREPARED
    used = [each for each in cards if isinstance(each.card.phase, Active | Blocked)]
    assert not any(seen.organisation.ura in each.links for each in used)


def check_person(person: SeenPerson) -> None:
    """At most one live card, and never a card and a role at once."""
    live = [each.card for each in person.cards if each.card.is_live]
    assert live == ([] if person.live is None else [person.live])
    assert not (person.uses_mobiel and live)
