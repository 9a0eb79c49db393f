"""A message of which nobody knows whether it arrived is sent again when a person says so."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from pki.domain.errors import Conflict, NotFound
from pki.domain.events import Event
from pki.domain.identifiers import NoticeId, OrganisationId
from pki.domain.journal import JournalEntry
from pki.domain.notices.events import NoticeSentAgain
from pki.domain.notices.records import ShownNotice
from pki.domain.people import Actor, Organisation


class AgainChange(Protocol):
    """The transaction that it takes."""

    def notice(self, notice_id: NoticeId, /) -> ShownNotice | None: ...
    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None: ...
    def record(self, event: Event, actor: Actor, /) -> JournalEntry: ...
    def send_again(self, notice_id: NoticeId, now: datetime, /) -> bool: ...


def send_again(
    session: AgainChange, notice_ids: Iterable[NoticeId], now: datetime, by: Actor
) -> None:
    """Let these wait again, all or none; ``now`` by the clock on the wall.

    Raises:
        NotFound: there is no such notice.
        Conflict: it is known what became of one, or it is of no use any more.
    """
    for notice_id in dict.fromkeys(notice_ids):
        shown = session.notice(notice_id)
        of = None if shown is None else session.organisation(shown.notice.organisation)
        if shown is None or of is None:
            raise NotFound(
                what="notice",
                message=f"no notice {notice_id}",
                next_step="look with: zorgid notices list --unknown",
            )
        if not session.send_again(notice_id, now):
            state = shown.notice.mail.value
            raise Conflict(
                message=f"notice {notice_id} is {state}, or of no use any more: it stays so",
                next_step="only what is unknown is sent again: zorgid notices list --unknown",
            )
        session.record(NoticeSentAgain(notice=notice_id, ura=of.ura), by)
