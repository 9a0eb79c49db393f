"""What the API answers before it has read a request, and what TLS that fails leaves behind."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator

import pytest

from fakes.issuance import Surroundings
from issuance.http.app import create_app, serving
from issuing.world import Server, World
from pki.api.errors import ServiceUnreachable

END = b"\r\n\r\n"
POST = b"POST /v1/challenges HTTP/1.1\r\nHost: x\r\n"

UNREAD: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"900012345\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + END, 400),
    "a version that is none": (b"GET /v1/cards HTTP/9x" + END, 400),
    "a line that is too long": (b"GET /" + b"9" * 5000 + b" HTTP/1.1" + END, 400),
    "a field that is too long": (POST + b"X: " + b"9" * 9000 + END, 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2" + END, 400),
    "a length that is no number": (POST + b"Content-Length: 900012345x" + END, 400),
    "length and chunks": (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked" + END, 400),
    "an expectation": (POST + b"Expect: 900012345\r\nContent-Length: 0" + END, 417),
    "an expectation nowhere": (b"GET /none HTTP/1.1\r\nHost: x\r\nExpect: wonders" + END, 417),
}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = create_app(Surroundings().desk)
    async with serving(app, host="127.0.0.1", port=0, tls=None) as made:
        yield made


async def asked(port: int, octets: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    async with asyncio.timeout(30):
        head = (await reader.readuntil(END)).decode()
        first, *lines = head.rstrip().split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        fields = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(fields["content-length"]))
    writer.close()
    await writer.wait_closed()
    return int(first.split(" ")[1]), fields, json.loads(body)


@pytest.mark.parametrize("name", UNREAD)
async def test_what_cannot_be_read_gets_a_problem_with_its_id(
    port: int, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    octets, expected = UNREAD[name]
    status, fields, problem = await asked(port, octets)
    assert status == problem["status"] == expected
    assert fields["content-type"].startswith("application/problem+json")
    assert fields["cache-control"] == "no-store"
    assert problem["instance"] == f"urn:zorgid:request:{fields['x-request-id']}"
    assert fields["server"] == "zorgid"
    (line,) = [each for each in caplog.records if each.message == "request refused unread"]
    assert vars(line)["request_id"] == fields["x-request-id"]
    assert "900012345" not in "\n".join(str(vars(each)) for each in caplog.records)
    assert "Traceback" not in caplog.text


async def test_after_it_the_next_connection_is_served(port: int) -> None:
    for octets, _ in UNREAD.values():
        await asked(port, octets)
    status, _, _ = await asked(port, b"GET /v1/challenges HTTP/1.1\r\nHost: x" + END)
    assert status == 405


def handshakes(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    failed = [each for each in caplog.records if each.message == "TLS handshake failed"]
    return [vars(each) for each in failed]


@pytest.mark.parametrize(
    ("who", "said"), [("expired", "expired"), ("foreign", "unable to get local issuer")]
)
async def test_a_client_certificate_that_does_not_hold_leaves_a_line(
    server: Server, who: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with server.client(who) as client:
        with pytest.raises(ServiceUnreachable):
            await client.challenge()
    (line,) = handshakes(caplog)
    assert line["why"] == "CERTIFICATE_VERIFY_FAILED"
    assert said in str(line["client_certificate"])
    assert who not in str(line).replace(said, "").replace("has expired", "")


async def test_a_client_without_tls_leaves_a_line(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x" + END)
    async with asyncio.timeout(30):
        await reader.read()
    writer.close()
    (line,) = handshakes(caplog)
    assert line["why"] == "HTTP_REQUEST"
    assert line["client_certificate"] is None


async def test_a_good_handshake_leaves_none(
    world: World, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = world.tls.client_context("team")
        context.minimum_version = context.maximum_version = version
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        writer.close()
        await writer.wait_closed()
    assert handshakes(caplog) == []
