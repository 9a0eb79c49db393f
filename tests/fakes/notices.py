"""Notices and contacts in memory, beside the facts of the fake store."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from fakes.issuance import Surroundings
from issuance.notices.desk import NoticeDesk
from issuance.ports import WholeSession
from pki.domain.events import Event
from pki.domain.identifiers import NoticeId, OrganisationId, Ura
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.notices.records import Contact, MailState, ShownNotice
from pki.domain.people import Actor, Operator, Organisation

T = TypeVar("T")
CALENDAR_URL = "https://agenda.example"


@dataclass
class Book:
    """What is kept of notices."""

    contacts: dict[OrganisationId, Contact] = field(default_factory=dict)
    notices: dict[NoticeId, ShownNotice] = field(default_factory=dict)


class FakeChange:
    """A transaction: the facts are those of ``session``."""

    def __init__(self, session: WholeSession, book: Book, around: Surroundings) -> None:
        self._session = session
        self._book = book
        self._around = around

    @property
    def now(self) -> datetime:
        return self._session.now

    def record(self, event: Event, actor: Actor, /) -> JournalEntry:
        return self._session.record(event, actor)

    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None:
        return self._session.operator_by_certificate(sha256)

    def mobiel_by_certificate(self, sha256: bytes, /) -> MobielIdentity | None:
        return self._session.mobiel_by_certificate(sha256)

    def organisation_by_ura(self, ura: Ura, /) -> Organisation | None:
        return self._session.organisation_by_ura(ura)

    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None:
        return self._around.store.tables.organisations.get(organisation_id)

    def contact_of(self, organisation: OrganisationId, /) -> Contact | None:
        return self._book.contacts.get(organisation)

    def contact_by_feed(self, feed_sha256: bytes, /) -> Contact | None:
        found = (x for x in self._book.contacts.values() if x.feed_sha256 == feed_sha256)
        return next(found, None)

    def notice(self, notice_id: NoticeId, /) -> ShownNotice | None:
        return self._book.notices.get(notice_id)

    def notices_of(
        self, organisation: OrganisationId | None, after: NoticeId | None, limit: int, /
    ) -> list[ShownNotice]:
        mine = [
            each
            for each in self._book.notices.values()
            if organisation in {None, each.notice.organisation}
        ]
        mine.sort(key=lambda each: (each.notice.made_at, each.notice.id), reverse=True)
        ids = [each.notice.id for each in mine]
        start = 0 if after is None else ids.index(after) + 1
        return mine[start : start + limit]

    def put_contact(self, contact: Contact, /) -> None:
        self._book.contacts[contact.organisation] = contact

    def acknowledge(self, notice_id: NoticeId, at: datetime, /) -> None:
        shown = self._book.notices[notice_id]
        notice = replace(shown.notice, acknowledged_at=shown.notice.acknowledged_at or at)
        self._book.notices[notice_id] = replace(shown, notice=notice)

    def try_refused_again(self, organisation: OrganisationId, now: datetime, /) -> int:
        refused = [
            each
            for each in self._book.notices.values()
            if each.notice.organisation == organisation
            and each.notice.mail is MailState.REFUSED
            and each.notice.fact.until > now
        ]
        for each in refused:
            notice = replace(each.notice, mail=MailState.WAITING, mail_at=now)
            self._book.notices[notice.id] = replace(each, notice=notice)
        return len(refused)


class FakeNoticeStore:
    """Both sides."""

    def __init__(self, around: Surroundings, book: Book) -> None:
        self._around = around
        self._book = book

    async def write(self, work: Callable[[FakeChange], T], /) -> T:
        return await self._around.desk.store.write(
            lambda session: work(FakeChange(session, self._book, self._around))
        )

    async def read(self, query: Callable[[FakeChange], T], /) -> T:
        return await self.write(query)


def notice_desk(around: Surroundings, book: Book) -> NoticeDesk:
    """The desk's side of notices, over these."""
    store = FakeNoticeStore(around, book)
    return NoticeDesk(
        store=store,
        reader=store,
        clock=around.clock,
        entropy=around.entropy,
        calendar_url=CALENDAR_URL,
    )
