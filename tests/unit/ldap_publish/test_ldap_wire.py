"""The protocol: octets read by another implementation, answers of servers that misbehave."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.protocol.rfc2696 import RealSearchControlValue
from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder

from directories.material import BASE
from directories.scripted import SEARCH, SEARCH_DONE, Request, entry, reference, result, scripted
from ldap_publish.directory import LdapDirectory
from ldap_publish.plan import AddValues
from ldap_publish.ports import Done, Page
from ldap_publish.wire import messages
from ldap_publish.wire.ber import BadMessage, elements, header, integer, octets, tlv
from ldap_publish.wire.messages import Found, LdapResult, Modification
from ldap_publish.wire.paging import next_page
from pki.domain.errors import DirectoryUnavailable

NAMES = st.text(max_size=300)


def read_by_others(operation: bytes) -> Any:
    found, rest = decoder.decode(messages.message(7, operation), asn1Spec=LDAPMessage())
    assert rest == b""
    assert int(found["messageID"]) == 7
    return found["protocolOp"].getComponent()


@given(NAMES, st.binary(max_size=300), st.binary(max_size=70_000))
def test_an_addition_is_read_by_others(dn: str, one: bytes, two: bytes) -> None:
    found = read_by_others(messages.add(dn, [("cn", [one, two]), ("sn;binary", [one])]))
    assert bytes(found["entry"]) == dn.encode()
    listed = [
        (bytes(each["type"]), [bytes(value) for value in each["vals"]])
        for each in found["attributes"]
    ]
    assert listed == [(b"cn", [one, two]), (b"sn;binary", [one])]


@given(NAMES, st.sampled_from(Modification), st.binary(max_size=300))
def test_a_modification_is_read_by_others(dn: str, kind: Modification, value: bytes) -> None:
    found = read_by_others(messages.modify(dn, kind, "cn", [value]))
    (change,) = found["changes"]
    assert (bytes(found["object"]), int(change["operation"])) == (dn.encode(), kind)
    assert [bytes(each) for each in change["modification"]["vals"]] == [value]


@given(NAMES)
def test_other_requests_are_read_by_others(dn: str) -> None:
    search = read_by_others(messages.search_entry(dn, ("cn", "sn;binary")))
    assert (bytes(search["baseObject"]), int(search["scope"])) == (dn.encode(), 0)
    assert [bytes(each) for each in search["attributes"]] == [b"cn", b"sn;binary"]
    assert bytes(search["filter"]["present"]) == b"objectClass"
    below = read_by_others(messages.search_below(dn, ()))
    assert (int(below["scope"]), bytes(below["attributes"][0])) == (1, b"1.1")
    below = read_by_others(messages.search_below(dn, ("cn",)))
    assert [bytes(each) for each in below["attributes"]] == [b"cn"]
    assert bytes(read_by_others(messages.delete(dn))) == dn.encode()


def test_binds_are_read_by_others() -> None:
    simple = read_by_others(messages.bind_simple("cn=x", "geheim"))
    assert bytes(simple["authentication"]["simple"]) == b"geheim"
    external = read_by_others(messages.bind_external())
    assert bytes(external["authentication"]["sasl"]["mechanism"]) == b"EXTERNAL"
    assert (int(external["version"]), bytes(external["name"])) == (3, b"")


@given(st.integers(min_value=0, max_value=2**31 - 1), st.binary(max_size=300))
def test_lengths_may_be_written_long(number: int, content: bytes) -> None:
    """As servers of other makes do."""
    long = b"\x04\x84" + len(content).to_bytes(4, "big") + content
    short = octets(content)
    assert list(elements(long)) == list(elements(short)) == [(4, content)]
    assert [int.from_bytes(value, "big") for _, value in elements(integer(number))] == [number]


@given(st.binary(max_size=80))
def test_any_octets_are_a_response_or_refused(content: bytes) -> None:
    try:
        _, response = messages.read_response(content)
    except BadMessage:
        return
    assert response is None or isinstance(response, Found | LdapResult)


@pytest.mark.parametrize("octets", [b"\x30\x80", b"\x30\x85\x01\x01\x01\x01\x01", b"\x30\x80\x00"])
def test_lengths_that_ldap_does_not_know(octets: bytes) -> None:
    with pytest.raises(BadMessage):
        header(octets, 0)


async def asked(answers: Sequence[bytes]) -> object:
    """What one reading of the base gives when the server says this."""
    async with scripted(lambda _: answers) as server:
        directory = LdapDirectory(server)
        try:
            return await directory.read(BASE, ("o",))
        finally:
            await directory.close()


NUMBER = 2
"""Of the first request after the bind."""


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak LDAP"),
        ([b"\x30\x84\x7f\xff\xff\xff"], "does not speak LDAP"),
        ([tlv(0x30, integer(NUMBER), tlv(0x42))], "does not speak LDAP"),
        ([result(0, 0x78, 52)], "ends the connection"),
        ([result(NUMBER, SEARCH, 10)], "referral"),
        ([result(NUMBER, SEARCH, 51)], "busy"),
        ([result(NUMBER, SEARCH, 4242)], "4242"),
    ],
    ids=["http", "huge", "kind", "notice", "referral", "busy", "unknown"],
)
async def test_a_server_that_does_otherwise_is_unavailable(answers: list[bytes], says: str) -> None:
    with pytest.raises(DirectoryUnavailable, match=says) as refused:
        await asked(answers)
    assert refused.value.next_step


def paged(number: int, code: int, *controls: bytes) -> bytes:
    """The end of a search, with these controls."""
    content = tlv(SEARCH_DONE, integer(code, 0x0A), octets(b""), octets(b""))
    return tlv(0x30, integer(number), content, tlv(0xA0, *controls))


def page_of(value: bytes, kind: bytes = b"1.2.840.113556.1.4.319") -> bytes:
    return tlv(0x30, octets(kind), octets(value))


async def page(answers: Sequence[bytes]) -> Page | None:
    async with scripted(lambda _: answers) as server:
        directory = LdapDirectory(server)
        try:
            return await directory.page_below(BASE, ("o",))
        finally:
            await directory.close()


async def test_a_page_says_where_the_next_one_begins() -> None:
    first = entry(NUMBER, BASE, O=b"x")
    cookie = page_of(tlv(0x30, integer(0), octets(b"next")))
    found = await page([first, paged(NUMBER, 0, page_of(b"", b"1.2.3"), cookie)])
    assert found == Page(entries=((BASE, {"o": (b"x",)}),), after=b"next")
    found = await page([first, paged(NUMBER, 0)])
    assert found is not None
    assert found.after == b""


@pytest.mark.parametrize("code", [4, 11, 12, 53])
async def test_a_server_without_pages_says_so(code: int) -> None:
    assert await page([entry(NUMBER, BASE), paged(NUMBER, code)]) is None


async def test_nothing_is_below_what_is_not_there() -> None:
    assert await page([paged(NUMBER, 32)]) == Page(entries=(), after=b"")


@pytest.mark.parametrize(
    "value", [b"", b"\x30", tlv(0x30), tlv(0x30, octets(b"")), tlv(0x30, integer(1)), tlv(0x30) * 2]
)
async def test_a_page_in_another_form_is_refused(value: bytes) -> None:
    with pytest.raises(DirectoryUnavailable, match="does not speak LDAP"):
        await page([paged(NUMBER, 0, page_of(value))])


def test_the_control_is_read_by_others() -> None:
    whole = messages.message(7, messages.search_below(BASE, ()), next_page(1000, b"cookie"))
    decoded, rest = decoder.decode(whole, asn1Spec=LDAPMessage())
    assert not rest
    (control,) = decoded["controls"]
    assert bytes(control["controlType"]) == b"1.2.840.113556.1.4.319"
    assert bool(control["criticality"])
    asked, _ = decoder.decode(bytes(control["controlValue"]), asn1Spec=RealSearchControlValue())
    assert (int(asked["size"]), bytes(asked["cookie"])) == (1000, b"cookie")


async def test_references_to_other_servers_are_not_followed() -> None:
    nowhere = reference(NUMBER, "ldap://192.0.2.1/o=elsewhere")
    assert await asked([nowhere, result(NUMBER, SEARCH)]) is None
    found = await asked([nowhere, entry(NUMBER, BASE, O=b"x"), result(NUMBER, SEARCH)])
    assert found == {"o": (b"x",)}


async def test_answers_find_their_questions_in_any_order() -> None:
    """The server answers when eight wait, the last first."""

    def script(waiting: Sequence[Request]) -> Sequence[bytes]:
        if len(waiting) < 8:
            return ()
        return [
            each
            for number, tag in reversed(waiting)
            for each in (entry(number, BASE, o=str(number).encode()), result(number, tag))
        ]

    async with scripted(script) as server:
        directory = LdapDirectory(server)
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(directory.read(BASE, ("o",))) for _ in range(8)]
        await directory.close()
    numbers = [each.result() for each in reads]
    assert numbers == [{"o": (str(number).encode(),)} for number in range(2, 10)]


async def test_whoever_stops_waiting_disturbs_nobody() -> None:
    asked = asyncio.Event()

    def script(waiting: Sequence[Request]) -> Sequence[bytes]:
        asked.set()
        if len(waiting) < 2:
            return ()
        return [result(number, tag, 0) for number, tag in waiting]

    async with scripted(script) as server:
        directory = LdapDirectory(server)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(directory.read(BASE, ("o",)))
            await asked.wait()
            reading.cancel()
        change = AddValues(dn=BASE, attribute="description", values=(b"x",))
        assert await directory.apply(change) == Done()
        await directory.close()


async def test_all_that_is_under_way_fails_with_the_connection() -> None:
    def script(waiting: Sequence[Request]) -> Sequence[bytes]:
        return [result(0, 0x78, 52)] if len(waiting) == 5 else ()

    async with scripted(script) as server:
        directory = LdapDirectory(server)

        async def failing() -> str:
            with pytest.raises(DirectoryUnavailable) as refused:
                await directory.read(BASE, ("o",))
            return refused.value.message

        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(failing()) for _ in range(5)]
        await directory.close()
    assert all("ends the connection" in each.result() for each in reads)
