"""Notices: read and acknowledged; where they go; the calendar of an organisation."""

from urllib.parse import urlencode

from pki.api.notices.bodies import (
    CalendarView,
    ContactRequest,
    ContactView,
    NoticesView,
    NoticeView,
)
from pki.api.transport import Transport
from pki.domain.identifiers import NoticeId, Ura


class NoticeCalls(Transport):
    """For operators, of their own organisation; for the ZORG-ID team, of any."""

    async def notices(
        self, ura: Ura | None = None, *, cursor: NoticeId | None = None, limit: int = 50
    ) -> NoticesView:
        """Read the next notices, newest first."""
        asked = {"limit": str(limit)}
        asked |= {} if ura is None else {"ura": ura.value}
        asked |= {} if cursor is None else {"cursor": cursor.value}
        return await self._call("GET", f"/v1/notices?{urlencode(asked)}", NoticesView)

    async def acknowledge_notice(self, notice_id: NoticeId) -> NoticeView:
        """Say that a notice was seen."""
        return await self._call("POST", f"/v1/notices/{notice_id}/acknowledge", NoticeView)

    async def contact(self, ura: Ura) -> ContactView:
        """Read where an organisation's notices go."""
        return await self._call("GET", f"/v1/organisations/{ura}/contact", ContactView)

    async def set_contact(self, ura: Ura, request: ContactRequest) -> ContactView:
        """Say where its notices go (an administrator)."""
        path = f"/v1/organisations/{ura}/contact"
        return await self._call("PUT", path, ContactView, body=request)

    async def make_calendar(self, ura: Ura) -> CalendarView:
        """Make a calendar of its notices; the former address is good for nothing then."""
        return await self._call("POST", f"/v1/organisations/{ura}/calendar", CalendarView)

    async def withdraw_calendar(self, ura: Ura) -> ContactView:
        """Let it have no calendar."""
        return await self._call("DELETE", f"/v1/organisations/{ura}/calendar", ContactView)

    async def calendar(self, secret: str) -> str:
        """Read a calendar (RFC 5545), as calendar programs do."""
        return await self._exchange("GET", f"/v1/calendar/{secret}", bytes.decode)
