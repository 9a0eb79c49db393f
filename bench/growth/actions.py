"""What is done in a store that was filled, each time with another card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from bench.growth.making import OF, change, confirm, finish, intend, new_card, order
from bench.growth.population import BEGIN, SPAN, Population
from pki.domain.cards import (
    blocked,
    unblocked,
)
from pki.domain.events import (
    CardBlocked,
    CardUnblocked,
)
from pki.domain.identifiers import (
    CardId,
)
from pki.domain.notices.records import NoticeKind
from pki.domain.reasons import BlockReason
from pki.domain.search.cards import CardSearch
from pki.store.columns import from_ticks
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession

_DAY: Final = timedelta(days=1)
_END: Final = from_ticks(BEGIN + SPAN)
_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Both sides of one store, and who is in it."""

    store: Store
    reads: ReadStore
    population: Population


def issue(house: House, number: int) -> None:
    """One card from its order to its confirmation: four transactions, and no signature."""
    del number
    new = new_card()
    house.store.write_sync(partial(order, new))
    house.store.write_sync(partial(intend, new))
    house.store.write_sync(partial(finish, new))
    house.store.write_sync(partial(confirm, house.population, new))


def block(house: House, number: int) -> None:
    """An operator blocks an active card."""
    house.store.write_sync(partial(_block, house.population.card(house.population.live(number))))


def unblock(house: House, number: int) -> None:
    """And lifts the block."""
    house.store.write_sync(partial(_unblock, house.population.card(house.population.live(number))))


def status(house: House, number: int) -> None:
    """What OCSP asks the store about a certificate whose answer is not kept."""
    serial = house.population.serial(house.population.live(number))
    assert house.reads.read_sync(lambda session: session.status(OF, serial)) is not None


def listed(house: House, number: int) -> None:
    """What a CRL, and a status node that starts, read."""
    del number
    assert len(house.reads.read_sync(lambda session: list(session.listed_rows(OF)))) > _PAGE


def changed(house: House, number: int) -> None:
    """What a CRL after a change reads."""
    del number
    house.reads.read_sync(
        lambda session: list(session.changed(OF, max(0, session.head().position - 5)))
    )


def search(
    make: Callable[[Population, int], CardSearch],
    house: House,
    number: int,
    behind: Callable[[Population, int], CardId] | None = None,
) -> None:
    """One page of a search, the first or one behind a card."""
    asked = make(house.population, number)
    after = None if behind is None else behind(house.population, number)
    assert house.reads.read_sync(lambda session: session.cards_found(asked, after))


def _newest(population: Population, number: int) -> CardSearch:
    del population, number
    return CardSearch(limit=_PAGE)


def _of_uzi_number(population: Population, number: int) -> CardSearch:
    return CardSearch(uzi_number=population.uzi_number(number), limit=_PAGE)


def _of_card_number(population: Population, number: int) -> CardSearch:
    return CardSearch(card_number=population.card_number(population.live(number)), limit=_PAGE)


def _of_surname(population: Population, number: int) -> CardSearch:
    return CardSearch(surname=population.surname(number), limit=_PAGE)


def _in_state(state: str, population: Population, number: int) -> CardSearch:
    del population, number
    return CardSearch(state=state, limit=_PAGE)


def _ending(population: Population, number: int) -> CardSearch:
    begin = population.ends(population.live(number))
    return CardSearch(expires_from=begin, expires_before=begin + 90 * _DAY, limit=_PAGE)


def _linked(population: Population, number: int) -> CardSearch:
    return CardSearch(linked_to=population.ura(number), limit=_PAGE)


def _middle(population: Population, number: int) -> CardId:
    return population.card(population.count // 2 + number)


def _middle_live(population: Population, number: int) -> CardId:
    return population.card(population.count - population.persons // 2 + number)


def _middle_linked(population: Population, number: int) -> CardId:
    middle = population.count - population.persons // 2
    return population.card(middle + (number - middle) % population.organisations)


def _late_ending(population: Population, number: int) -> CardId:
    thirty_days = 30 * 86_400 * 1_000_000 // population.step
    return population.card(population.live(number) + thirty_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done ``times`` in a round, and what undoes it, so that it can be done again."""

    times: int = 40
    act: Callable[[House, int], None]
    undo: Callable[[House, int], None] | None = None


ACTIONS: Final[Mapping[str, Action]] = {
    "issue": Action(times=15, act=issue),
    "block": Action(times=15, act=block, undo=unblock),
    "ocsp_status": Action(times=200, act=status),
    "crl_rows": Action(times=10, act=listed),
    "crl_changed": Action(act=changed),
    "search_newest": Action(act=partial(search, _newest)),
    "search_uzi_number": Action(act=partial(search, _of_uzi_number)),
    "search_card_number": Action(act=partial(search, _of_card_number)),
    "search_surname": Action(act=partial(search, _of_surname)),
    "search_active": Action(act=partial(search, partial(_in_state, "actief"))),
    "search_blocked": Action(act=partial(search, partial(_in_state, "geblokkeerd"))),
    "search_expiry": Action(act=partial(search, _ending)),
    "search_organisation": Action(act=partial(search, _linked)),
    "page_organisation": Action(act=partial(search, _linked, behind=_middle_linked)),
    "page_newest": Action(act=partial(search, _newest, behind=_middle)),
    "page_active": Action(act=partial(search, partial(_in_state, "actief"), behind=_middle_live)),
    "page_expiry": Action(act=partial(search, _ending, behind=_late_ending)),
}
"""None may take longer in a larger store."""

HOURLY: Final[Mapping[str, Callable[[ReadSession], object]]] = {
    "certificates_ending": lambda session: session.certificates_ending(_END, _END + 30 * _DAY),
    "cards_to_expire": lambda session: session.cards_to_expire(
        NoticeKind.EXPIRES_30, _END + 29 * _DAY, _END + 30 * _DAY
    ),
    "cards_expired": lambda session: session.cards_expired_before(_END, _END - _DAY),
    "cards_unlinked": lambda session: session.cards_unlinked_before(_END),
    "cards_blocked": lambda session: session.cards_blocked_before(_END),
    "last_ends": lambda session: session.last_ends(OF),
}
"""What runs once an hour on the reading side: its time is that of what it finds."""

ONCE: Final[Mapping[str, Callable[[ReadSession], object]]] = {
    "cards_expired": lambda session: session.cards_expired_before(_END),
}
"""What runs once after a start, on the reading side: it reads every card in use."""


def _block(card_id: CardId, session: WriteSession) -> None:
    card = session.card(card_id)
    assert card is not None
    assert card.serial is not None
    assert session.links_of(card.id)
    reason = BlockReason.LOSS
    event = CardBlocked(card=card.id, issuer=OF, serial=card.serial, reason=reason)
    change(session, blocked(card, reason=reason, at=session.now), event)


def _unblock(card_id: CardId, session: WriteSession) -> None:
    card = session.card(card_id)
    assert card is not None
    assert card.serial is not None
    event = CardUnblocked(card=card.id, issuer=OF, serial=card.serial)
    change(session, unblocked(card, at=session.now), event)
