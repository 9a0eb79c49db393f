"""Reading notices, contacts, and what notices are about."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from pki.domain.identifiers import CardId, NoticeId, OrganisationId
from pki.domain.notices.records import (
    Contact,
    Fact,
    MailState,
    Notice,
    NoticeKind,
    ShownNotice,
)
from pki.store import schema
from pki.store.failures import translating
from pki.store.notices.tables import UNDER_WAY, contacts, notices
from pki.store.registry_reads import RegistryReads, in_use

_IN_USE: Final = ("actief", "geblokkeerd")
_LINK_OPEN: Final = sa.exists().where(
    schema.card_links.c.card_id == schema.cards.c.id, schema.card_links.c.until.is_(None)
)
SHOWN: Final = sa.select(
    notices, schema.cards.c.card_number, schema.cards.c.state, _LINK_OPEN.label("managed")
).join(schema.cards, schema.cards.c.id == notices.c.card_id)


class NoticeReads(RegistryReads):
    """Adds notices. None means: no such thing."""

    def linked_at(
        self, moments: Iterable[tuple[CardId, datetime]]
    ) -> Mapping[tuple[CardId, datetime], tuple[OrganisationId, ...]]:
        """The organisations that cards were linked to then; of none, the last ones before.

        A few hundred at a time: an engine limits the parameters of a query.
        """
        asked, links = frozenset(moments), schema.card_links
        rows = self._rows(
            sa.select(links)
            .where(links.c.card_id.in_({card for card, _ in asked}))
            .order_by(links.c.organisation_id)
        )
        of_card: dict[CardId, list[sa.Row[Any]]] = {}
        for row in rows:
            of_card.setdefault(row.card_id, []).append(row)
        return {(card, at): _linked(of_card.get(card, ()), at) for card, at in asked}

    def cards_to_expire(
        self, kind: NoticeKind, after: datetime, upto: datetime
    ) -> tuple[tuple[CardId, datetime], ...]:
        """Cards in use whose notAfter lies in (after, upto], and of whom this was not told yet.

        It reads every certificate that ends then: ask it on the reading side, and not every second.
        """
        cards, certificates = schema.cards, schema.certificates
        told = sa.exists().where(
            notices.c.card_id == cards.c.id,
            notices.c.kind == kind,
            notices.c.at == certificates.c.not_after,
        )
        query = sa.select(cards.c.id, certificates.c.not_after).join(
            certificates, certificates.c.serial == cards.c.serial
        )
        due = query.where(
            in_use(_IN_USE),
            certificates.c.not_after > after,
            certificates.c.not_after <= upto,
            ~told,
        )
        rows = self._rows(due.order_by(certificates.c.not_after, cards.c.id))
        return tuple((row.id, row.not_after) for row in rows)

    def cards_held_untold(self, before: datetime) -> tuple[tuple[CardId, datetime], ...]:
        """Cards that are blocked since before then, and of whom that was not told yet."""
        cards = schema.cards
        told = sa.exists().where(
            notices.c.card_id == cards.c.id,
            notices.c.kind == NoticeKind.HELD,
            notices.c.at == cards.c.state_at,
        )
        query = sa.select(cards.c.id, cards.c.state_at)
        due = query.where(cards.c.state == "geblokkeerd", cards.c.state_at < before, ~told)
        rows = self._rows(due.order_by(cards.c.state_at, cards.c.id))
        return tuple((row.id, row.state_at) for row in rows)

    def notices_of(
        self, organisation: OrganisationId | None, after: NoticeId | None, limit: int
    ) -> tuple[ShownNotice, ...]:
        """The next notices, newest first, behind the notice ``after``; None: of everybody."""
        query = SHOWN
        if organisation is not None:
            query = query.where(notices.c.organisation_id == organisation)
        if after is not None:
            query = query.where(_behind(after))
        ordered = query.order_by(notices.c.made_at.desc(), notices.c.id.desc())
        return self._shown(ordered.limit(limit))

    def notices_in(
        self, mail: MailState, organisation: OrganisationId | None, limit: int
    ) -> tuple[ShownNotice, ...]:
        """Those whose message is there, newest first; None: of everybody."""
        query = SHOWN.where(notices.c.mail == mail)
        if organisation is not None:
            query = query.where(notices.c.organisation_id == organisation)
        ordered = query.order_by(notices.c.made_at.desc(), notices.c.id.desc())
        return self._shown(ordered.limit(limit))

    def notice(self, notice_id: NoticeId) -> ShownNotice | None:
        """One notice."""
        found = self._shown(SHOWN.where(notices.c.id == notice_id))
        return found[0] if found else None

    def contact_of(self, organisation: OrganisationId) -> Contact | None:
        """Where an organisation's notices go."""
        return self._contact(contacts.c.organisation_id == organisation)

    def contact_by_feed(self, feed_sha256: bytes) -> Contact | None:
        """The same, by the digest of the calendar's secret."""
        return self._contact(contacts.c.feed_sha256 == feed_sha256)

    def mail_counts(self) -> Mapping[MailState, int]:
        """How many notices are in each state; the last ones of a message only where there are."""
        query = sa.select(notices.c.mail, sa.func.count().label("number")).group_by(notices.c.mail)
        return {row.mail: row.number for row in self._rows(query)}

    def mail_waiting_since(self, now: datetime) -> datetime | None:
        """When the oldest notice was made that has an address, is of use, and was not sent."""
        query = sa.select(sa.func.min(notices.c.made_at).label("since")).join(
            contacts, contacts.c.organisation_id == notices.c.organisation_id
        )
        waiting = query.where(UNDER_WAY, contacts.c.email.is_not(None), notices.c.until > now)
        row = self._row(waiting)
        return None if row is None else row.since

    def _contact(self, which: sa.ColumnElement[bool]) -> Contact | None:
        row = self._row(sa.select(contacts).where(which))
        if row is None:
            return None
        return Contact(
            organisation=row.organisation_id, email=row.email, feed_sha256=row.feed_sha256
        )

    def _shown(self, query: sa.Select[Any]) -> tuple[ShownNotice, ...]:
        rows = self._rows(query)
        with translating():
            return tuple(map(_read_shown, rows))


def _linked(links: Iterable[sa.Row[Any]], at: datetime) -> tuple[OrganisationId, ...]:
    begun = [each for each in links if each.since <= at]
    found = [each for each in begun if each.until is None or each.until > at]
    if not found and begun:
        last = max(each.until for each in begun)
        found = [each for each in begun if each.until == last]
    return tuple(dict.fromkeys(each.organisation_id for each in found))


def _behind(after: NoticeId) -> sa.ColumnElement[bool]:
    last = notices.alias("last")
    at = sa.select(last.c.made_at).where(last.c.id == after).scalar_subquery()
    # What both sides of an OR say is said before it: no engine begins at an index by an OR.
    return sa.and_(notices.c.made_at <= at, sa.or_(notices.c.made_at < at, notices.c.id < after))


def _read_shown(row: sa.Row[Any]) -> ShownNotice:
    fact = Fact(kind=row.kind, card=row.card_id, at=row.at, until=row.until)
    notice = Notice(
        id=row.id,
        organisation=row.organisation_id,
        fact=fact,
        made_at=row.made_at,
        mail=row.mail,
        mail_at=row.mail_at,
        tries=row.tries,
        why=row.why,
        acknowledged_at=row.acknowledged_at,
    )
    return ShownNotice(
        notice=notice, card_number=row.card_number, state=row.state, managed=bool(row.managed)
    )
