"""Notices over HTTP: who reads which, where they go, and calendars by a secret address."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, client_certificate
from fakes.notices import CALENDAR_URL
from issuance.notices.rules import notice_to
from issuance.rules.rates import RateLimits
from issuing.edge import Edge, at_the_edge
from made.calendar import calendar_events
from pki.domain.identifiers import CardId, CardNumber, Ura
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.events import ContactChanged, NoticeAcknowledged
from pki.domain.notices.records import Fact, MailState, NoticeKind, ShownNotice
from pki.domain.people import Role

CONTACT, CALENDAR = (
    f"/v1/organisations/{APOTHEEK}/contact",
    f"/v1/organisations/{APOTHEEK}/calendar",
)
ADDRESS = '{"email": "Beheer@Praktijk.example"}'


@pytest.fixture
def administrator(edge: Edge) -> Edge:
    as_(edge, Role.ADMINISTRATOR, APOTHEEK)
    return edge


def as_(edge: Edge, role: Role, ura: Ura | None) -> None:
    edge.around.operator(role, ura)
    edge.peer = client_certificate(role, ura)


def tell(edge: Edge, ura: Ura, number: int, mail: MailState = MailState.WAITING) -> ShownNotice:
    """A notice to this organisation, each a day newer than the one before."""
    organisations = edge.around.store.tables.organisations.values()
    of = next(each for each in organisations if each.ura == ura)
    now = edge.around.clock.now()
    card, until = CardId(f"{number:032x}"), now + timedelta(days=14)
    fact = Fact(kind=NoticeKind.BLOCKED, card=card, at=now, until=until)
    notice = replace(notice_to(of.id, fact, now + timedelta(days=number)), mail=mail)
    shown = ShownNotice(
        notice=notice,
        card_number=CardNumber(f"ZORG-{number:06d}"),
        state="geblokkeerd",
        managed=True,
    )
    edge.book.notices[notice.id] = shown
    return shown


def events(edge: Edge) -> list[object]:
    return [entry.event for entry in edge.around.store.tables.entries]


async def listed(edge: Edge, query: str = "") -> list[str]:
    status, answer, _ = await edge.call("GET", f"/v1/notices{query}")
    assert status == 200, answer
    notices = answer["notices"]
    assert isinstance(notices, list)
    return [each["card_number"] for each in notices]


async def test_an_operator_reads_those_of_their_own_organisation(administrator: Edge) -> None:
    for number, ura in ((1, APOTHEEK), (2, HUISARTS), (3, APOTHEEK)):
        tell(administrator, ura, number)
    assert await listed(administrator) == ["ZORG-000003", "ZORG-000001"]
    assert await listed(administrator, f"?ura={APOTHEEK}") == ["ZORG-000003", "ZORG-000001"]
    status, _, _ = await administrator.call("GET", f"/v1/notices?ura={HUISARTS}")
    assert status == 403
    as_(administrator, Role.ZORGID_TEAM, None)
    assert await listed(administrator) == ["ZORG-000003", "ZORG-000002", "ZORG-000001"]
    assert await listed(administrator, f"?ura={HUISARTS}") == ["ZORG-000002"]
    assert (await administrator.call("GET", "/v1/notices?ura=11111111"))[0] == 404


async def test_a_notice_says_what_is_so_and_what_to_do(administrator: Edge) -> None:
    tell(administrator, APOTHEEK, 1)
    _, answer, _ = await administrator.call("GET", "/v1/notices")
    notices = answer["notices"]
    assert isinstance(notices, list)
    (notice,) = notices
    assert notice["kind"] == "blocked"
    assert notice["nl"]["fact"].startswith("Smartcard …0001 is op ")
    assert notice["en"]["fact"].startswith("Smartcard …0001 was blocked on ")
    assert notice["nl"]["advice"]
    assert (notice["mail"], notice["acknowledged_at"]) == ("waiting", None)


async def test_pages_follow_each_other(administrator: Edge) -> None:
    for number in range(1, 6):
        tell(administrator, APOTHEEK, number)
    seen, cursor = [], ""
    while True:
        _, page, _ = await administrator.call("GET", f"/v1/notices?limit=2{cursor}")
        notices = page["notices"]
        assert isinstance(notices, list)
        seen += [each["card_number"] for each in notices]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"ZORG-00000{number}" for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=201", "?limit=x", "?limit=1&limit=2", "?cursor=x", "?ura=1", "?who=1"],
)
async def test_a_query_that_is_not_understood(administrator: Edge, query: str) -> None:
    assert (await administrator.call("GET", f"/v1/notices{query}"))[0] == 400


async def test_anothers_notice_is_no_place_to_go_on_from(administrator: Edge) -> None:
    other = tell(administrator, HUISARTS, 1).notice.id
    assert (await administrator.call("GET", f"/v1/notices?cursor={other}"))[0] == 400
    assert (await administrator.call("GET", f"/v1/notices?cursor={'ab' * 16}"))[0] == 400


async def test_a_notice_is_acknowledged_once_by_its_own_organisation(administrator: Edge) -> None:
    mine, other = tell(administrator, APOTHEEK, 1).notice, tell(administrator, HUISARTS, 2).notice
    path = f"/v1/notices/{mine.id}/acknowledge"
    status, first, _ = await administrator.call("POST", path)
    assert (status, first["acknowledged_at"] is None) == (200, False)
    administrator.around.clock.advance(seconds=60)
    _, second, _ = await administrator.call("POST", path)
    assert second == first
    recorded = [each for each in events(administrator) if isinstance(each, NoticeAcknowledged)]
    assert recorded == [NoticeAcknowledged(notice=mine.id, ura=APOTHEEK)]
    for missing in (other.id.value, "ab" * 16):
        path = f"/v1/notices/{missing}/acknowledge"
        assert (await administrator.call("POST", path))[0] == 404


async def test_an_administrator_says_where_notices_go(administrator: Edge) -> None:
    refused = tell(administrator, APOTHEEK, 1, MailState.REFUSED).notice
    nobody = {"ura": APOTHEEK.value, "email": None, "calendar": False}
    assert (await administrator.call("GET", CONTACT))[1] == nobody
    status, answer, _ = await administrator.call("PUT", CONTACT, ADDRESS)
    assert (status, answer["email"]) == (200, "Beheer@praktijk.example")
    assert (await administrator.call("GET", CONTACT))[1] == answer
    assert administrator.book.notices[refused.id].notice.mail is MailState.WAITING
    await administrator.call("PUT", CONTACT, ADDRESS)
    assert (await administrator.call("PUT", CONTACT, '{"email": null}'))[1] == nobody
    changes = [each for each in events(administrator) if isinstance(each, ContactChanged)]
    assert [each.what for each in changes] == ["address set", "address removed"]
    assert "praktijk" not in repr(events(administrator)).lower()


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "beheer"}',
        '{"email": "a@b.nl\\r\\nBcc: c@d.nl"}',
        '{"email": "é@b.nl"}',
        '{"email": "' + "a" * 250 + '@b.nl"}',
        '{"email": 1}',
        "{}",
    ],
)
async def test_what_is_no_address(administrator: Edge, body: str) -> None:
    status, answer, _ = await administrator.call("PUT", CONTACT, body)
    assert status == 400
    assert "b.nl" not in str(answer)
    assert administrator.book.contacts == {}


async def test_only_the_administrator_and_the_team_say_it(edge: Edge) -> None:
    for role, ura, status in (
        (Role.BEHEERDER, APOTHEEK, 403),
        (Role.ADMINISTRATOR, HUISARTS, 403),
        (Role.ZORGID_TEAM, None, 200),
    ):
        as_(edge, role, ura)
        assert (await edge.call("PUT", CONTACT, ADDRESS))[0] == status
    assert (await edge.call("PUT", "/v1/organisations/11111111/contact", ADDRESS))[0] == 404


async def subscribe(edge: Edge) -> str:
    status, answer, _ = await edge.call("POST", CALENDAR)
    assert status == 201
    return str(answer["url"]).removeprefix(CALENDAR_URL)


async def fetch(edge: Edge, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    async with edge.http.get(edge.url + path, headers=headers) as response:
        return response.status, await response.read(), response.headers


async def test_a_calendar_needs_its_address_and_nothing_else(administrator: Edge) -> None:
    tell(administrator, APOTHEEK, 1)
    tell(administrator, HUISARTS, 2)
    path = await subscribe(administrator)
    assert (await administrator.call("GET", CONTACT))[1]["calendar"] is True
    administrator.peer = None
    status, octets, headers = await fetch(administrator, path)
    assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert headers["Cache-Control"] == "private, no-cache"
    (event,) = calendar_events(octets)
    assert "…0001" in event["SUMMARY"]
    status, octets, again = await fetch(administrator, path, **{"If-None-Match": headers["ETag"]})
    assert (status, octets, again["ETag"]) == (304, b"", headers["ETag"])
    tell(administrator, APOTHEEK, 3)
    stale = {"If-None-Match": headers["ETag"]}
    assert (await fetch(administrator, path, **stale))[0] == 200
    for odd in ("*", 'W/"x", ' + headers["ETag"], "nonsense"):
        assert (await fetch(administrator, path, **{"If-None-Match": odd}))[0] in {200, 304}


async def test_the_secret_of_a_calendar_is_not_kept(administrator: Edge) -> None:
    secret = (await subscribe(administrator)).rpartition("/")[2]
    assert len(secret) == 43
    (contact,) = administrator.book.contacts.values()
    assert contact.feed_sha256 == hashlib.sha256(secret.encode()).digest()
    assert secret not in repr(events(administrator))


async def test_a_new_address_ends_the_former_one_and_withdrawing_both(administrator: Edge) -> None:
    await administrator.call("PUT", CONTACT, ADDRESS)
    first, second = await subscribe(administrator), await subscribe(administrator)
    assert (await fetch(administrator, first))[0] == 404
    assert (await fetch(administrator, second))[0] == 200
    for _ in range(2):
        status, answer, _ = await administrator.call("DELETE", CALENDAR)
        assert (status, answer["calendar"]) == (200, False)
    assert (await fetch(administrator, second))[0] == 404
    (contact,) = administrator.book.contacts.values()
    assert contact.email == EmailAddress("Beheer@praktijk.example")
    changes = [each.what for each in events(administrator) if isinstance(each, ContactChanged)]
    assert changes[1:] == ["calendar made", "calendar made", "calendar withdrawn"]


@pytest.mark.parametrize("secret", ["x", "a" * 44, "a" * 42 + ".", "%00" * 43])
async def test_what_is_no_address_of_a_calendar(administrator: Edge, secret: str) -> None:
    status, _, headers = await fetch(administrator, f"/v1/calendar/{secret}")
    assert (status, headers["Cache-Control"]) == (400, "no-store")


async def test_addresses_of_calendars_are_not_tried_out(edge: Edge) -> None:
    edge.around.restrain(RateLimits(peer_per_minute=2))
    async with at_the_edge(edge.around) as restrained:
        asked = [await fetch(restrained, f"/v1/calendar/{'a' * 43}") for _ in range(3)]
    assert [status for status, _, _ in asked] == [404, 404, 429]
