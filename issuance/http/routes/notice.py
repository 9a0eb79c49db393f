"""Notices for operators, with a client certificate; calendars for whoever has the address."""

import hashlib
import re
from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from issuance.desk import Desk
from issuance.http.bodies import body_of, json_response
from issuance.http.conditions import has_it, tagged
from issuance.http.peers import AskedByOperators, PeerCertificate
from issuance.http.table.route import Again, Caller, Query, Route
from issuance.notices.calendar import MEDIA_TYPE
from issuance.notices.desk import ContactOf, NoticeDesk
from issuance.notices.texts import Told, in_dutch, in_english
from issuance.rules.permissions import Action
from pki.api.fields import NoticeIdText, UraText
from pki.api.notices.bodies import (
    CalendarView,
    ContactRequest,
    ContactView,
    NoticesView,
    NoticeView,
    TextView,
)
from pki.domain.errors import Malformed
from pki.domain.identifiers import NoticeId, Ura
from pki.domain.notices.records import ShownNotice

_CONTACT: Final = "/v1/organisations/{ura}/contact"
_CALENDAR: Final = "/v1/organisations/{ura}/calendar"
_MOST: Final = 200
_USUAL: Final = 50
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_QUERY: Final = (
    Query(name="ura", kind=UraText, about="Of which organisation; the ZORG-ID team may leave it."),
    Query(name="cursor", kind=NoticeIdText, about="next_cursor of the page before."),
    Query(
        name="limit",
        kind=Annotated[int, Field(ge=1, le=_MOST)],
        about=f"At most so many, else {_USUAL}.",
    ),
)
_ASKED: Final = frozenset(each.name for each in _QUERY)
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class NoticeRoutes(AskedByOperators):
    """What organisations are told, and where it goes."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate, notices: NoticeDesk) -> None:
        super().__init__(desk, peer_certificate)
        self._notices = notices

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [*self._reading(), *self._contact(), *self._calendars()]

    def _reading(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path="/v1/notices",
                handler=self._list,
                operation="listNotices",
                about="Read what an organisation was told of its cards, newest first.",
                caller=Caller.OPERATOR,
                action=Action.READ_NOTICES,
                query=_QUERY,
                answer=NoticesView,
                refusals=(HTTPStatus.NOT_FOUND,),
            ),
            Route(
                method="POST",
                path="/v1/notices/{notice_id}/acknowledge",
                handler=self._acknowledge,
                operation="acknowledgeNotice",
                about="Say that a notice was seen.",
                again=Again.SO_ALREADY,
                caller=Caller.OPERATOR,
                action=Action.READ_NOTICES,
                answer=NoticeView,
            ),
        ]

    def _contact(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_CONTACT,
                handler=self._read_contact,
                operation="readContact",
                about="Read where an organisation's notices go.",
                caller=Caller.OPERATOR,
                action=Action.SET_CONTACT,
                answer=ContactView,
            ),
            Route(
                method="PUT",
                path=_CONTACT,
                handler=self._set_contact,
                operation="setContact",
                about="Say to which e-mail address an organisation's notices go, or to none.",
                again=Again.SO_ALREADY,
                caller=Caller.OPERATOR,
                action=Action.SET_CONTACT,
                body=ContactRequest,
                answer=ContactView,
            ),
        ]

    def _calendars(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path=_CALENDAR,
                handler=self._make_calendar,
                operation="makeCalendar",
                about="Make a calendar of the notices, or a new address for it; shown once.",
                again=Again.ANOTHER,
                caller=Caller.OPERATOR,
                action=Action.SET_CONTACT,
                answer=CalendarView,
                status=HTTPStatus.CREATED,
            ),
            Route(
                method="DELETE",
                path=_CALENDAR,
                handler=self._withdraw_calendar,
                operation="withdrawCalendar",
                about="Let the calendar's address be good for nothing.",
                again=Again.SO_ALREADY,
                caller=Caller.OPERATOR,
                action=Action.SET_CONTACT,
                answer=ContactView,
            ),
            Route(
                method="GET",
                path="/v1/calendar/{feed}",
                handler=self._calendar,
                operation="readCalendar",
                about="Read the calendar of an organisation's notices (RFC 5545).",
                caller=Caller.ANYONE,
                answer=None,
                media=MEDIA_TYPE,
                versioned=True,
                refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
            ),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        query = request.query
        if not set(query) <= _ASKED or len(query) != len(set(query)):
            raise Malformed(what="query", message="the query may hold ura, cursor, limit, once")
        ura, cursor = query.get("ura"), query.get("cursor")
        page = await self._notices.notices(
            operator,
            None if ura is None else Ura(ura),
            None if cursor is None else NoticeId(cursor),
            _limit(query.get("limit", str(_USUAL))),
        )
        following = page.notices[-1].notice.id if page.more else None
        views = [_notice_view(each) for each in page.notices]
        return json_response(NoticesView(notices=views, next_cursor=following))

    async def _acknowledge(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        notice_id = NoticeId(request.match_info["notice_id"])
        return json_response(_notice_view(await self._notices.acknowledge(operator, notice_id)))

    async def _read_contact(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        return json_response(_contact_view(await self._notices.contact(operator, _ura(request))))

    async def _set_contact(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, ContactRequest)
        found = await self._notices.set_address(operator, _ura(request), body.email)
        return json_response(_contact_view(found))

    async def _make_calendar(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        made = await self._notices.make_calendar(operator, _ura(request))
        url = f"{self._notices.calendar_url}/v1/calendar/{made.secret}"
        return json_response(CalendarView(ura=made.organisation.ura, url=url), HTTPStatus.CREATED)

    async def _withdraw_calendar(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        found = await self._notices.withdraw_calendar(operator, _ura(request))
        return json_response(_contact_view(found))

    async def _calendar(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "calendar")
        secret = request.match_info["feed"]
        if not _SECRET.fullmatch(secret):
            raise Malformed(what="calendar", message="this is no address of a calendar")
        octets = await self._notices.calendar(secret)
        version = hashlib.sha256(octets).hexdigest()[:32]
        if has_it(request, version):
            response = web.Response(status=HTTPStatus.NOT_MODIFIED)
        else:
            response = web.Response(body=octets, content_type=MEDIA_TYPE, charset="utf-8")
        response.headers["Cache-Control"] = "private, no-cache"
        return tagged(response, version)


def _ura(request: web.Request) -> Ura:
    return Ura(request.match_info["ura"])


def _limit(text: str) -> int:
    if not _LIMIT.fullmatch(text) or int(text) > _MOST:
        raise Malformed(what="limit", message=f"the limit is a number from 1 to {_MOST}")
    return int(text)


def _contact_view(found: ContactOf) -> ContactView:
    return ContactView(
        ura=found.organisation.ura,
        email=found.contact.email,
        calendar=found.contact.feed_sha256 is not None,
    )


def _text_view(told: Told) -> TextView:
    return TextView(fact=told.fact, advice=told.advice)


def _notice_view(shown: ShownNotice) -> NoticeView:
    notice = shown.notice
    return NoticeView(
        notice_id=notice.id,
        kind=notice.fact.kind,
        card_id=notice.fact.card,
        card_number=shown.card_number,
        at=notice.fact.at,
        until=notice.fact.until,
        made_at=notice.made_at,
        nl=_text_view(in_dutch(shown)),
        en=_text_view(in_english(shown)),
        mail=notice.mail,
        mail_at=notice.mail_at,
        why=notice.why,
        acknowledged_at=notice.acknowledged_at,
    )
