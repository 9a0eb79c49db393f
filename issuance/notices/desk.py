"""What operators do with notices, and what their calendar programs read."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from issuance.notices.calendar import calendar_of
from issuance.notices.ports import DeskChange, DeskReader, DeskSnapshot, DeskStore
from issuance.rules.permissions import (
    Action,
    Reach,
    actor,
    require,
    require_for_organisation,
)
from issuance.steps.callers import require_same
from pki.domain.errors import Malformed, NotFound
from pki.domain.identifiers import NoticeId, OrganisationId, Ura
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.events import ContactChanged, NoticeAcknowledged
from pki.domain.notices.records import Contact, ShownNotice
from pki.domain.people import Operator, Organisation
from pki.ports import Clock, Entropy

T = TypeVar("T")

SECRET_OCTETS: Final = 32
IN_CALENDAR: Final = 1000
"""The newest notices of an organisation that its calendar shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOf:
    """An organisation's contact; ``secret`` of its calendar only when that was made now."""

    organisation: Organisation
    contact: Contact
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """Notices, newest first; ``more``: behind the last one there are others."""

    notices: tuple[ShownNotice, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDesk:
    """The API's side of notices. ``calendar_url`` is where it is reached by calendar programs."""

    store: DeskStore
    reader: DeskReader
    clock: Clock
    entropy: Entropy
    calendar_url: str

    async def contact(self, operator: Operator, ura: Ura) -> ContactOf:
        """Where an organisation's notices go.

        Raises:
            Forbidden: not for this operator.
            NotFound: there is no such organisation.
            StoreUnavailable: the store cannot be read.
        """
        require_for_organisation(operator, Action.SET_CONTACT, ura)
        return await self.reader.read(lambda snapshot: _contact(snapshot, ura))

    async def set_address(
        self, operator: Operator, ura: Ura, email: EmailAddress | None
    ) -> ContactOf:
        """Let its notices go to this address, or to none; what was refused waits again.

        Raises:
            Forbidden, NotFound: as `contact`.
            StoreUnavailable: nothing was changed.
        """
        require_for_organisation(operator, Action.SET_CONTACT, ura)
        now = self.clock.now()

        def work(session: DeskChange) -> ContactOf:
            found = _contact(session, ura)
            if found.contact.email == email:
                return found
            changed = replace(found.contact, email=email)
            what = "address removed" if email is None else "address set"
            _keep(session, operator, replace(found, contact=changed), what)
            session.try_refused_again(found.organisation.id, now)
            return replace(found, contact=changed)

        return await self._write(operator, work)

    async def make_calendar(self, operator: Operator, ura: Ura) -> ContactOf:
        """Make a new secret for the organisation's calendar; the former one is good for nothing.

        Only its digest is kept: nobody can be shown it again.

        Raises:
            Forbidden, NotFound, StoreUnavailable: as `set_address`.
        """
        octets = self.entropy.octets(SECRET_OCTETS)
        secret = base64.urlsafe_b64encode(octets).decode().rstrip("=")
        found = await self._change_calendar(operator, ura, _digest(secret), "calendar made")
        return replace(found, secret=secret)

    async def withdraw_calendar(self, operator: Operator, ura: Ura) -> ContactOf:
        """Let the organisation have no calendar.

        Raises:
            Forbidden, NotFound, StoreUnavailable: as `set_address`.
        """
        return await self._change_calendar(operator, ura, None, "calendar withdrawn")

    async def calendar(self, secret: str) -> bytes:
        """The calendar that the secret opens, as `text/calendar`.

        Raises:
            NotFound: it opens none.
            StoreUnavailable: the store cannot be read.
        """
        digest = _digest(secret)

        def look(snapshot: DeskSnapshot) -> tuple[str, tuple[ShownNotice, ...]]:
            contact = snapshot.contact_by_feed(digest)
            of = None if contact is None else snapshot.organisation(contact.organisation)
            if of is None:
                raise NotFound(what="calendar", message="there is no such calendar")
            return of.name, tuple(snapshot.notices_of(of.id, None, IN_CALENDAR))

        name, notices = await self.reader.read(look)
        return calendar_of(f"ZORG-ID Smartcards {name}", notices)

    async def notices(
        self, operator: Operator, ura: Ura | None, after: NoticeId | None, limit: int
    ) -> NoticePage:
        """The next notices of an organisation; the ZORG-ID team may leave it open which.

        Raises:
            Forbidden, NotFound, StoreUnavailable: as `contact`.
            Malformed: ``after`` is none of these notices.
        """
        reach = require(operator, Action.READ_NOTICES)
        asked = operator.ura if ura is None else ura
        if asked is not None or reach is not Reach.EVERYWHERE:
            require_for_organisation(operator, Action.READ_NOTICES, asked)

        def look(snapshot: DeskSnapshot) -> tuple[ShownNotice, ...]:
            of = None if asked is None else _organisation(snapshot, asked).id
            _require_place(snapshot, of, after)
            return tuple(snapshot.notices_of(of, after, limit + 1))

        found = await self.reader.read(look)
        return NoticePage(notices=found[:limit], more=len(found) > limit)

    async def acknowledge(self, operator: Operator, notice_id: NoticeId) -> ShownNotice:
        """Say that it was seen; the first time stays.

        Raises:
            Forbidden: the role may not.
            NotFound: no such notice, or another organisation's: nobody learns which.
            StoreUnavailable: nothing was changed.
        """
        reach = require(operator, Action.READ_NOTICES)

        def work(session: DeskChange) -> ShownNotice:
            shown = session.notice(notice_id)
            of = None if shown is None else session.organisation(shown.notice.organisation)
            if shown is None or of is None or not _reaches(reach, operator, of):
                raise NotFound(what="notice", message=f"no notice {notice_id}")
            if shown.notice.acknowledged_at is not None:
                return shown
            session.acknowledge(notice_id, session.now)
            session.record(NoticeAcknowledged(notice=notice_id, ura=of.ura), actor(operator))
            return replace(shown, notice=replace(shown.notice, acknowledged_at=session.now))

        return await self._write(operator, work)

    async def _write(self, operator: Operator, work: Callable[[DeskChange], T]) -> T:
        """Let the operator change something, if they still may when its turn comes."""

        def change(session: DeskChange) -> T:
            require_same(session, operator)
            return work(session)

        return await self.store.write(change)

    async def _change_calendar(
        self, operator: Operator, ura: Ura, digest: bytes | None, what: str
    ) -> ContactOf:
        require_for_organisation(operator, Action.SET_CONTACT, ura)

        def work(session: DeskChange) -> ContactOf:
            found = _contact(session, ura)
            if found.contact.feed_sha256 == digest:
                return found
            changed = replace(found, contact=replace(found.contact, feed_sha256=digest))
            _keep(session, operator, changed, what)
            return changed

        return await self._write(operator, work)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _organisation(snapshot: DeskSnapshot, ura: Ura) -> Organisation:
    organisation = snapshot.organisation_by_ura(ura)
    if organisation is None:
        raise NotFound(what="organisation", message=f"no organisation {ura}")
    return organisation


def _contact(snapshot: DeskSnapshot, ura: Ura) -> ContactOf:
    organisation = _organisation(snapshot, ura)
    contact = snapshot.contact_of(organisation.id)
    return ContactOf(
        organisation=organisation, contact=contact or Contact(organisation=organisation.id)
    )


def _keep(session: DeskChange, operator: Operator, changed: ContactOf, what: str) -> None:
    session.put_contact(changed.contact)
    of = changed.organisation
    session.record(ContactChanged(organisation=of.id, ura=of.ura, what=what), actor(operator))


def _require_place(
    snapshot: DeskSnapshot, of: OrganisationId | None, after: NoticeId | None
) -> None:
    if after is None:
        return
    shown = snapshot.notice(after)
    if shown is None or of not in {None, shown.notice.organisation}:
        raise Malformed(
            what="cursor",
            message="the cursor is not one that was given for these notices",
            next_step="read them again from the beginning",
        )


def _reaches(reach: Reach, operator: Operator, of: Organisation) -> bool:
    return reach is Reach.EVERYWHERE or operator.ura == of.ura
