"""Searching the fake store: every card is looked at, the last one made or first to end first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pki.domain.cards import Card, state_name
from pki.domain.people import Organisation
from pki.domain.search.cards import CardSearch, folded
from pki.domain.search.organisations import OrganisationSearch

if TYPE_CHECKING:
    from datetime import datetime

    from fakes.issuance_store import Tables
    from pki.domain.identifiers import CardId, Ura


class FakeSearch:
    """The part of a session that finds cards and organisations."""

    tables: Tables

    def cards_found(self, search: CardSearch, after: CardId | None, /) -> tuple[Card, ...]:
        known = list(reversed(self.tables.cards.values()))
        if search.expires_from is not None or search.expires_before is not None:
            known = sorted((each for each in known if self._ends(each)), key=self._by_end)
        if after is not None:
            ids = [card.id for card in known]
            known = known[ids.index(after) + 1 :]
        return tuple(card for card in known if self._fits(card, search))[: search.limit]

    def _ends(self, card: Card) -> datetime | None:
        certificate = None if card.serial is None else self.tables.certificates.get(card.serial)
        return None if certificate is None else certificate.not_after

    def _by_end(self, card: Card) -> tuple[datetime | None, str]:
        return self._ends(card), card.id.value

    def organisations_found(
        self, search: OrganisationSearch, after: Ura | None, /
    ) -> tuple[Organisation, ...]:
        known = sorted(self.tables.organisations.values(), key=lambda each: each.ura.value)
        found = [
            each
            for each in known
            if (after is None or each.ura.value > after.value)
            and search.ura in {None, each.ura}
            and search.state in {None, each.state}
            and search.kind in {None, each.kind}
            and folded(search.name or "") in folded(each.name)
        ]
        return tuple(found[: search.limit])

    def _fits(self, card: Card, search: CardSearch) -> bool:
        person = self.tables.persons[card.person_id]
        ends = self._ends(card)
        links = {
            self.tables.organisations[organisation].ura
            for linked, organisation in self.tables.links
            if linked == card.id
        }
        return all(
            (
                search.uzi_number in {None, person.uzi_number},
                search.surname is None
                or folded(person.name.surname).startswith(folded(search.surname)),
                search.card_number in {None, card.card_number},
                search.state in {None, state_name(card.phase)},
                search.expires_from is None or (ends is not None and ends >= search.expires_from),
                search.expires_before is None
                or (ends is not None and ends < search.expires_before),
                search.linked_to is None or search.linked_to in links,
            )
        )
