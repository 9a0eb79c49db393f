"""The API's edge: hostile requests, problem documents, and a log that names nobody."""

import asyncio
import base64
import gzip
import json
import logging
import re

import pytest

from fakes.issuance import APOTHEEK, RSA, client_certificate, fake_request
from issuance.http import bodies
from issuing.edge import JSON, Edge
from issuing.holder import Holder
from pki.api.fields import CERTIFICATE_REQUEST, to_pem
from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.domain.people import Role

CHALLENGE = '{"purpose":"open-session"}'
SEARCH = "/v1/cards/search"


def searching(number: str) -> str:
    return json.dumps({"uzi_number": number})


HOSTILE: list[tuple[str | bytes, dict[str, str], int]] = [
    ("", JSON, 400),
    ("{", JSON, 400),
    ("[]", JSON, 400),
    ("null", JSON, 400),
    ('{"purpose":"confirm-card"}', JSON, 400),
    ('{"purpose":"open-session","more":1}', JSON, 400),
    ('{"purpose":"open-session","purpose":"open-session"}', JSON, 400),
    ("[" * 60_000, JSON, 400),
    ('{"purpose":NaN}', JSON, 400),
    (b"\xff\xfe", JSON, 400),
    ("1" * 30_000, JSON, 400),
    (CHALLENGE, {"Content-Type": "text/plain"}, 415),
    (CHALLENGE + " " * 70_000, JSON, 413),
    (b"no deflate", JSON | {"Content-Encoding": "deflate"}, 415),
    (gzip.compress(CHALLENGE.encode(), mtime=0), JSON | {"Content-Encoding": "gzip"}, 415),
]


@pytest.mark.parametrize(("body", "headers", "status"), HOSTILE)
async def test_what_is_no_request_is_a_problem(
    edge: Edge, body: str | bytes, headers: dict[str, str], status: int
) -> None:
    found, problem, answered = await edge.call("POST", "/v1/challenges", body, headers)
    assert found == status == problem["status"]
    assert answered["Content-Type"].startswith("application/problem+json")
    assert answered["Cache-Control"] == "no-store"
    assert str(problem["instance"]).endswith(answered["X-Request-Id"])
    assert "Traceback" not in json.dumps(problem)
    assert not edge.around.store.tables.challenges


@pytest.mark.parametrize(
    "sent",
    [
        "canary-of-a-caller",
        '","level":"error","message":"canary',
        "900012345 canary",
        "canary" * 1000,
        "canary é",
        "../canary",
    ],
)
async def test_a_callers_own_id_is_taken_over_nowhere(
    edge: Edge, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    """Two requests are never told as one, and no log line is made by somebody else."""
    caplog.set_level(logging.DEBUG)
    headers = JSON | {"X-Request-Id": sent, "X-Correlation-Id": sent, "traceparent": sent}
    _, problem, answered = await edge.call("POST", "/v1/challenges", "{", headers)
    assert re.fullmatch("[0-9a-f]{16}", answered["X-Request-Id"])
    assert str(problem["instance"]).endswith(answered["X-Request-Id"])
    told = [repr(vars(each)) for each in caplog.records]
    assert told
    assert "canary" not in json.dumps(problem) + repr(answered) + "".join(told)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/challenges", 405),
        ("DELETE", "/v1/cards", 405),
        ("POST", "/v1/cards/../organisations", 401),
        ("GET", "/v1/cards/%2e%2e", 404),
        ("GET", "/v1/cards/xyz", 400),
        ("GET", "/v1/cards?uzi_number=900012345", 405),
        ("GET", "/v1/cards/search", 405),
        ("GET", "/v1/cards/link", 405),
        ("POST", "/v1/cards/search", 401),
        ("GET", "/v1/certificates/00", 401),
        ("POST", "/v1/cards", 401),
    ],
)
async def test_every_wrong_address_is_a_problem(
    edge: Edge, method: str, path: str, status: int
) -> None:
    found, problem, answered = await edge.call(method, path, "{}" if method == "POST" else None)
    assert found == status
    assert str(problem["type"]).startswith("urn:zorgid:problem:")
    assert ("Allow" in answered) is (status == 405)
    assert ("WWW-Authenticate" in answered) is (status == 401)


async def session_token(edge: Edge, certificate: bytes) -> str:
    proof = await edge.around.proof(certificate)
    body = {
        "challenge_id": proof.challenge_id.value,
        "certificate": to_pem(certificate),
        "signature": base64.b64encode(proof.signature).decode(),
        "algorithm": RSA.value,
    }
    status, session, _ = await edge.call("POST", "/v1/sessions", json.dumps(body))
    assert status == 201, session
    return str(session["token"])


@pytest.mark.parametrize("key", [None, "short", "a" * 65, "with space in it now"])
async def test_an_order_needs_one_good_idempotency_key(edge: Edge, key: str | None) -> None:
    certificate = edge.around.uzi_pass("900012345")
    token = await session_token(edge, certificate)
    headers = JSON | {"Authorization": f"Bearer {token}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    status, problem, _ = await edge.call("POST", "/v1/cards", "{}", headers)
    assert (status, problem["type"]) == (400, "urn:zorgid:problem:malformed")


async def test_the_log_names_nobody(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    around = edge.around
    certificate = around.uzi_pass("900012345")
    token = await session_token(edge, certificate)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k" * 16} | JSON
    order = {
        "birth_date": "1980-02-29",
        "card_number": "ZC-000001",
        "certificate": to_pem(certificate),
    }
    status, card, _ = await edge.call("POST", "/v1/cards", json.dumps(order), headers)
    assert status == 201
    request = json.dumps({"pkcs10": to_pem(fake_request(b"key"), CERTIFICATE_REQUEST)})
    path = f"/v1/cards/{card['card_id']}/certificate"
    assert (await edge.call("POST", path, request, headers))[0] == 201
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    assert (await edge.call("POST", SEARCH, searching("900012345")))[0] == 200
    order["birth_date"] = "1880-02-29"
    assert (await edge.call("POST", "/v1/cards", json.dumps(order), headers))[0] == 422
    text = "\n".join(str(vars(record)) for record in caplog.records)
    assert "/v1/cards/{card_id}/certificate" in text
    for secret in ("900012345", "Jansen", "80-02-29", "ZC-000001", token, "kkkkkkkk"):
        assert secret not in text


async def test_a_store_that_is_gone_means_later(edge: Edge) -> None:
    def gone() -> None:
        raise StoreUnavailable(message="secret detail")

    edge.around.store.before_commit = gone
    status, problem, headers = await edge.call("POST", "/v1/challenges", CHALLENGE)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert "secret" not in json.dumps(problem)
    edge.around.store.before_commit = lambda: None
    assert (await edge.call("POST", "/v1/challenges", CHALLENGE))[0] == 201


@pytest.mark.parametrize("failure", [RuntimeError("secret"), IntegrityBroken(message="secret")])
async def test_our_own_failures_are_loud_inside_and_silent_outside(
    edge: Edge, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise failure

    edge.around.store.before_commit = fail
    status, problem, _ = await edge.call("POST", "/v1/challenges", CHALLENGE)
    assert status == 500
    assert "secret" not in json.dumps(problem)
    assert any(record.levelno >= logging.ERROR for record in caplog.records)


async def test_a_body_that_never_ends_is_cut_off(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    port = int(edge.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /v1/challenges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write((head + "Content-Length: 20\r\n\r\n{").encode())
    async with asyncio.timeout(60):
        assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_an_operator_finds_the_cards_of_a_person(edge: Edge) -> None:
    holder = Holder(edge.around)
    await holder.make()
    edge.around.operator(Role.BEHEERDER, APOTHEEK)
    edge.peer = client_certificate(Role.BEHEERDER, APOTHEEK)
    _, found, _ = await edge.call("POST", SEARCH, searching("900012345"))
    assert isinstance(found["cards"], list)
    assert len(found["cards"]) == 1
    _, missing, _ = await edge.call("POST", SEARCH, searching("999999999"))
    assert missing == {"cards": [], "next_cursor": None}


async def test_a_bearer_that_is_no_text_opens_nothing(edge: Edge) -> None:
    headers = {"Authorization": "Bearer \udcff\udcfe"}
    status, problem, _ = await edge.call("GET", f"/v1/cards/{'0' * 32}", None, headers)
    assert (status, problem["type"]) == (401, "urn:zorgid:problem:unauthenticated")


async def test_a_client_that_goes_away_is_no_defect(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = int(edge.url.rpartition(":")[2])
    head = "POST /v1/challenges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with asyncio.timeout(60):
        # One that goes away before a busy server has read its head leaves nothing.
        while not any(record.message == "request answered" for record in caplog.records):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write((head + "Content-Length: 20\r\n\r\n{").encode())
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.transport.abort()
            await asyncio.sleep(0.1)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\x7f", "a\x9bb"])
async def test_a_name_has_no_control_characters(edge: Edge, name: str) -> None:
    edge.around.operator(Role.ZORGID_TEAM, None)
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    body = json.dumps({"ura": "90000383", "name": name})
    status, problem, _ = await edge.call("POST", "/v1/organisations", body)
    assert (status, problem["type"]) == (400, "urn:zorgid:problem:malformed")
