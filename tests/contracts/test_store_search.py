"""Cards and organisations are found by what is known of them, each once, page after page."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from pki.domain.cards import Card, Ordered, certified
from pki.domain.identifiers import CardId, CardNumber, Ura, UziNumber
from pki.domain.people import Organisation, OrganisationKind, OrganisationState, PersonName
from pki.domain.search.cards import CardSearch, folded
from pki.domain.search.organisations import OrganisationSearch
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import NOON, card, certificate, intent, organisation, person, serial

DAY = timedelta(days=1)
NAMES = ("Müller", "Muller-Öz", "de Vries", "MULDER", "de  Vries-Bos", "Ångström", "x" * 10_000)
ENDS = NOON + timedelta(days=1095)


def ordered(number: int) -> Card:
    """Two cards of each moment, so that order needs more than time."""
    return card(number, Ordered(at=NOON + (number // 2) * DAY))


async def filled(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for number in (1, 3):
            session.put_organisation(organisation(number))
        for number, name in enumerate(NAMES, 1):
            holder = PersonName(surname=name, given_names="A.", common_name=name)
            session.put_person(replace(person(number), name=holder), b"sealed")
            session.put_card(ordered(number))
        for number in (2, 4):
            session.put_link(ordered(number).id, organisation(1).id, NOON)
        for number in range(1, 8):
            # Not in the order of the cards, which is theirs whenever they were linked.
            session.put_link(ordered(number).id, organisation(3).id, NOON - number * DAY)
        session.end_link(ordered(5).id, organisation(3).id, NOON)
        for number in (3, 4):
            session.put_intent(intent(number))
            made = replace(certificate(number), not_after=ENDS + number * DAY)
            session.put_certificate(made)
            session.put_card(certified(ordered(number), serial=serial(number), at=NOON))

    await store.write(work)


LINKED = organisation(3).ura
FOUND: list[tuple[CardSearch, list[int]]] = [
    (CardSearch(), [7, 6, 5, 4, 3, 2, 1]),
    (CardSearch(uzi_number=UziNumber("000000003")), [3]),
    (CardSearch(uzi_number=UziNumber("999999999")), []),
    (CardSearch(card_number=CardNumber("ZORG-000005")), [5]),
    (CardSearch(state="uitgegeven"), [4, 3]),
    (CardSearch(state="verlopen"), []),
    (CardSearch(surname="mul"), [4, 2, 1]),
    (CardSearch(surname="MÜLLER"), [2, 1]),
    (CardSearch(surname="de vries"), [5, 3]),
    (CardSearch(surname="ang"), [6]),
    (CardSearch(surname="ller"), []),
    (CardSearch(surname="%"), []),
    (CardSearch(surname="x" * 200), [7]),
    (CardSearch(surname="mul", state="uitgegeven"), [4]),
    (CardSearch(expires_from=ENDS + 4 * DAY), [4]),
    (CardSearch(expires_before=ENDS + 4 * DAY), [3]),
    (CardSearch(expires_from=ENDS, expires_before=ENDS + 5 * DAY), [3, 4]),
    (CardSearch(linked_to=Ura("90000001")), [4, 2]),
    (CardSearch(linked_to=Ura("90000001"), surname="muller"), [2]),
    (CardSearch(linked_to=Ura("90000001"), expires_from=ENDS), [4]),
    (CardSearch(linked_to=Ura("90000002")), []),
    (CardSearch(linked_to=LINKED), [7, 6, 4, 3, 2, 1]),
    (CardSearch(linked_to=LINKED, state="uitgegeven"), [4, 3]),
]


def numbers(cards: tuple[Card, ...]) -> list[int]:
    return [int(each.id.value, 16) for each in cards]


@pytest.mark.parametrize(("search", "expected"), FOUND, ids=lambda each: str(each)[:120])
async def test_what_is_found(
    search: CardSearch, expected: list[int], store: Store, read_store: ReadStore
) -> None:
    await filled(store)
    assert numbers(await read_store.read(lambda reads: reads.cards_found(search, None))) == expected


async def ending_together(store: Store) -> None:
    """Three certificates end at one moment; their serials are not in the order of their cards."""

    def work(session: WriteSession) -> None:
        for number, of in ((1, 17), (6, 12), (7, 15)):
            session.put_intent(replace(intent(of), card_id=card(number).id))
            made = replace(certificate(of), card_id=card(number).id, not_after=ENDS + 3 * DAY)
            session.put_certificate(made)
            session.put_card(certified(ordered(number), serial=serial(of), at=NOON))

    await store.write(work)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (CardSearch(), [7, 6, 5, 4, 3, 2, 1]),
        (CardSearch(linked_to=LINKED), [7, 6, 4, 3, 2, 1]),
        (CardSearch(expires_from=ENDS), [3, 6, 7, 1, 4]),
        (CardSearch(expires_from=ENDS, linked_to=LINKED), [3, 6, 7, 1, 4]),
    ],
    ids=["all", "linked", "ending", "both"],
)
async def test_pages_follow_each_other_without_gap_or_repeat(
    limit: int, search: CardSearch, expected: list[int], store: Store, read_store: ReadStore
) -> None:
    await filled(store)
    await ending_together(store)
    paged = replace(search, limit=limit)
    found: list[int] = []
    after: CardId | None = None
    for _ in range(8):
        page = await read_store.read(partial(ReadSession.cards_found, search=paged, after=after))
        assert len(page) <= limit
        found += numbers(page)
        if not page:
            break
        after = page[-1].id
    assert found == expected


async def test_behind_a_card_that_never_was_there_is_nothing(
    store: Store, read_store: ReadStore
) -> None:
    await filled(store)
    stranger = CardId("f" * 32)
    assert await read_store.read(lambda reads: reads.cards_found(CardSearch(), stranger)) == ()


def test_a_name_is_folded_once_and_for_all() -> None:
    for name in NAMES:
        assert folded(folded(name)) == folded(name)
    assert folded(" İSTANBUL\tİ ") == folded("istanbul i")
    assert folded("Straße") == folded("STRASSE")


ORGANISATIONS = ("Praktijk Müller", "Apotheek de Linde", "HUISARTSENPOST  Linde", "Linde", "x")


async def with_organisations(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for number, name in enumerate(ORGANISATIONS, 1):
            state = OrganisationState.CLOSED if number == 2 else OrganisationState.REGISTERED
            made = replace(organisation(number), name=name, state=state)
            session.put_organisation(made)

    await store.write(work)


def uras(found: tuple[Organisation, ...]) -> list[int]:
    return [int(each.ura.value) - 90_000_000 for each in found]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (OrganisationSearch(), [1, 2, 3, 4, 5]),
        (OrganisationSearch(limit=2), [1, 2]),
        (OrganisationSearch(name="LINDE"), [2, 3, 4]),
        (OrganisationSearch(name="post linde"), [3]),
        (OrganisationSearch(name="muller"), [1]),
        (OrganisationSearch(name="%"), []),
        (OrganisationSearch(name="linde", limit=1), [2]),
        (OrganisationSearch(state=OrganisationState.CLOSED), [2]),
        (OrganisationSearch(name="x", state=OrganisationState.CLOSED), []),
        (OrganisationSearch(kind=OrganisationKind.HUISARTSENPOST), []),
        (OrganisationSearch(ura=Ura("90000004")), [4]),
        (OrganisationSearch(ura=Ura("90000009")), []),
    ],
    ids=lambda each: str(each)[:120],
)
async def test_what_organisations_are_found(
    search: OrganisationSearch, expected: list[int], store: Store, read_store: ReadStore
) -> None:
    await with_organisations(store)
    found = await read_store.read(lambda reads: reads.organisations_found(search, None))
    assert uras(found) == expected


async def test_organisations_come_page_after_page(
    store: Store, read_store: ReadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pki.store.search.reading._ORGANISATIONS_PAGE", 2)
    await with_organisations(store)

    def every(reads: ReadSession) -> list[int]:
        found: list[int] = []
        after: Ura | None = None
        while page := reads.organisations_found(OrganisationSearch(name="linde", limit=1), after):
            found += uras(page)
            after = page[-1].ura
        return found

    assert await read_store.read(every) == [2, 3, 4]
