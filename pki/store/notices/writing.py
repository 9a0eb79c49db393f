"""Writing notices, and taking them out for sending.

Every step of a message is an update that names the state before: of two senders one finds nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from pki.domain.identifiers import NoticeId, OrganisationId, Ura
from pki.domain.notices.records import Contact, Letter, MailState, Notice
from pki.store import schema
from pki.store.many.rows import RowWrites
from pki.store.notices.reading import SHOWN
from pki.store.notices.tables import UNDER_WAY, contacts, notices

_AT_ONCE = 500
"""Ids in one query, below every engine's limit on parameters."""


class NoticeWrites(RowWrites):
    """The part of a change that is about notices. ``now`` is by the clock on the wall."""

    def put_notices(self, new: Sequence[Notice]) -> int:
        """Insert those that are not there yet; how many that were."""
        known: set[NoticeId] = set()
        for start in range(0, len(new), _AT_ONCE):
            ids = [each.id for each in new[start : start + _AT_ONCE]]
            rows = self._rows(sa.select(notices.c.id).where(notices.c.id.in_(ids)))
            known |= {row.id for row in rows}
        missing = {each.id: each for each in new if each.id not in known}
        self._write_rows(sa.insert(notices), map(_row, missing.values()))
        return len(missing)

    def put_contact(self, contact: Contact) -> None:
        """Insert or replace where an organisation's notices go.

        Raises:
            Conflict: another organisation's calendar has this secret.
        """
        values = {"email": contact.email, "feed_sha256": contact.feed_sha256}
        same = contacts.c.organisation_id == contact.organisation
        if not self._write(sa.update(contacts).where(same), values).rowcount:
            row = {"organisation_id": contact.organisation} | values
            self._write(sa.insert(contacts), row)

    def acknowledge(self, notice_id: NoticeId, at: datetime) -> None:
        """Remember that it was seen; the first time stays."""
        unseen = sa.update(notices).where(
            notices.c.id == notice_id, notices.c.acknowledged_at.is_(None)
        )
        self._write(unseen, {"acknowledged_at": at})

    def claim_letter(
        self, letter: str, now: datetime, *, most: int, longest_wait: timedelta
    ) -> Letter | None:
        """Take out all that waits for the organisation that waits longest; None: nothing is due.

        A next try further off than ``longest_wait`` was written by a clock that has been set back.
        """
        due = (
            UNDER_WAY,
            notices.c.mail == MailState.WAITING,
            notices.c.until > now,
            sa.or_(notices.c.next_try_at <= now, notices.c.next_try_at > now + longest_wait),
        )
        table = schema.organisations
        first = (
            sa.select(contacts.c.email, table.c.id, table.c.name, table.c.ura)
            .join(table, table.c.id == contacts.c.organisation_id)
            .join(notices, notices.c.organisation_id == table.c.id)
            .where(*due, contacts.c.email.is_not(None))
            .order_by(notices.c.made_at, notices.c.id)
        )
        to = self._row(first.limit(1))
        if to is None:
            return None
        waiting = SHOWN.where(*due, notices.c.organisation_id == to.id)
        found = self._shown(waiting.order_by(notices.c.made_at, notices.c.id).limit(most))
        ids = [each.notice.id for each in found]
        values = {"mail": MailState.CLAIMED, "mail_at": now, "letter": letter}
        self._write(sa.update(notices).where(notices.c.id.in_(ids)), values)
        return Letter(id=letter, organisation=to.name, ura=to.ura, to=to.email, notices=found)

    def hand_over(self, letter: str, now: datetime) -> bool:
        """Say that the mail server is about to get it; False: this claim has been lost."""
        claimed = _of(letter, MailState.CLAIMED)
        return bool(self._write(claimed, _since(MailState.HANDED_OVER, now)).rowcount)

    def settle(self, letter: str, outcome: MailState, now: datetime, why: str | None) -> int:
        """Keep how it ended; how many notices that is."""
        handed = _of(letter, MailState.CLAIMED, MailState.HANDED_OVER)
        return self._write(handed, _since(outcome, now) | {"why": why}).rowcount

    def put_back(self, letter: str, now: datetime, next_try_at: datetime, why: str) -> int:
        """Let it wait: the mail server has said, or cannot but mean, that it did not take it."""
        values = _since(MailState.WAITING, now) | {"next_try_at": next_try_at, "why": why}
        handed = _of(letter, MailState.CLAIMED, MailState.HANDED_OVER)
        return self._write(handed.values(tries=notices.c.tries + 1), values).rowcount

    def lapse(self, now: datetime) -> int:
        """Give up what is of no use any more; how many notices that were."""
        late = sa.update(notices).where(
            UNDER_WAY, notices.c.mail == MailState.WAITING, notices.c.until <= now
        )
        return self._write(late, _since(MailState.LAPSED, now)).rowcount

    def lost_letters(
        self, now: datetime, lease: timedelta
    ) -> tuple[tuple[str, MailState, Ura], ...]:
        """Messages that somebody took out longer ago than ``lease``, or in what is yet to come."""
        table = schema.organisations
        query = sa.select(notices.c.letter, notices.c.mail, table.c.ura).join(
            table, table.c.id == notices.c.organisation_id
        )
        lost = query.where(
            UNDER_WAY,
            notices.c.mail != MailState.WAITING,
            sa.or_(notices.c.mail_at < now - lease, notices.c.mail_at > now + lease),
        )
        rows = self._rows(lost.distinct())
        return tuple((row.letter, row.mail, row.ura) for row in rows)

    def send_again(self, notice_id: NoticeId, now: datetime) -> bool:
        """Let one of which nobody knows whether it arrived wait again; False: this is no such one.

        Nor is one that is of no use any more.
        """
        unknown = sa.update(notices).where(
            notices.c.id == notice_id,
            notices.c.mail == MailState.UNKNOWN,
            notices.c.until > now,
        )
        values = _since(MailState.WAITING, now) | {"next_try_at": now}
        return bool(self._write(unknown, values).rowcount)

    def try_refused_again(self, organisation: OrganisationId, now: datetime) -> int:
        """Let what no mail server took wait again: there is another address."""
        refused = sa.update(notices).where(
            notices.c.organisation_id == organisation,
            notices.c.mail == MailState.REFUSED,
            notices.c.until > now,
        )
        values = _since(MailState.WAITING, now) | {"next_try_at": now}
        return self._write(refused, values).rowcount


def _of(letter: str, *states: MailState) -> sa.Update:
    return sa.update(notices).where(notices.c.letter == letter, notices.c.mail.in_(states))


def _since(state: MailState, now: datetime) -> dict[str, object]:
    return {"mail": state, "mail_at": now}


def _row(notice: Notice) -> dict[str, object]:
    fact = notice.fact
    return {
        "id": notice.id,
        "kind": fact.kind,
        "card_id": fact.card,
        "at": fact.at,
        "until": fact.until,
        "organisation_id": notice.organisation,
        "made_at": notice.made_at,
        "mail": notice.mail,
        "mail_at": notice.mail_at,
        "tries": notice.tries,
        "next_try_at": notice.made_at,
    }
