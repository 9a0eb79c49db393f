"""Statements of Dezi: what a signed one must say, and in which form."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from made.dezi import (
    CLAIMS,
    HOUR,
    NOW,
    SCHEMA,
    SECOND,
    ec_key,
    identify,
    rule,
    settings,
    signed,
    statement,
)
from pki.trust.dezi.statement import SIZE_MAX


@pytest.mark.parametrize("at", [NOW + HOUR + 59 * SECOND, NOW - HOUR - 60 * SECOND])
async def test_clocks_may_differ_a_little(at: datetime) -> None:
    assert (await identify(statement(), at=at)).number == "900000101"


async def test_late_early_and_back_to_front() -> None:
    assert await rule(statement(), at=NOW + HOUR + 60 * SECOND) == "expired"
    assert await rule(statement(), at=NOW - HOUR - 61 * SECOND) == "not-yet-valid"
    assert await rule(statement(exp=CLAIMS["nbf"])) == "time"
    exact = settings(skew=timedelta(0))
    assert await rule(statement(), exact, at=NOW + HOUR) == "expired"


async def test_of_another_issuer_schema_or_level() -> None:
    assert await rule(statement(iss="https://abonnee.dezi.nl/")) == "issuer"
    assert await rule(statement(iss="https://abonnee.dezi.nl.evil.example")) == "issuer"
    assert await rule(statement(json_schema=SCHEMA.replace("v1", "v2"))) == "schema"
    low = "http://eidas.europe.eu/LoA/substantial"
    assert await rule(statement(loa_dezi=low)) == "loa"


async def test_audience() -> None:
    ours = settings(audience="zorgid")
    assert (await identify(statement(aud="zorgid"), ours)).number == "900000101"
    assert (await identify(statement(aud=["x", "zorgid"]), ours)).number == "900000101"
    for other in ("zorgid2", [], ["x"], None):
        assert await rule(statement(aud=other), ours) == "audience"
    assert await rule(statement(), ours) == "audience"
    assert await rule(statement(aud="zorgid")) == "audience"


@pytest.mark.parametrize("claim", sorted(CLAIMS))
async def test_every_claim_is_needed(claim: str) -> None:
    left = {name: value for name, value in CLAIMS.items() if name != claim}
    text = signed(json.dumps(left).encode(), {"alg": "ES256"}, ec_key())
    assert await rule(text) == "claims"
    if claim != "voorvoegsel":
        assert await rule(statement(**{claim: None})) == "claims"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("dezi_nummer", "12345678"),
        ("dezi_nummer", "1234567890"),
        ("dezi_nummer", 900000101),
        ("dezi_nummer", "900000101\n"),
        ("dezi_nummer", "٩٠٠٠٠٠١٠١"),
        ("abonnee_nummer", "9000038"),
        ("rol_code", "92"),
        ("achternaam", "a" * 10_000),
        ("voorletters", "a" * 10_000),
        ("voorvoegsel", "a" * 10_000),
        ("abonnee_naam", "a" * 10_000),
        ("achternaam", ""),
        ("achternaam", "Jansen\x1b[2J"),
        ("achternaam", "Jansen\u202enesnaJ"),
        ("achternaam", "\n"),
        ("achternaam", ["Jansen"]),
        ("exp", "9999999999"),
        ("exp", 1e300),
        ("exp", 10**30),
        ("exp", True),
        ("nbf", -1),
        ("nbf", 1.5),
        ("aud", {"a": 1}),
    ],
)
async def test_claims_of_a_wrong_form(claim: str, value: Any) -> None:
    assert await rule(statement(**{claim: value})) == "claims"


async def test_too_long_by_one_octet() -> None:
    text = statement()
    assert await rule(text + b"A" * (SIZE_MAX - len(text))) != "size"
    assert await rule(text + b"A" * (SIZE_MAX - len(text) + 1)) == "size"


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(CLAIMS)[:-1].encode() + b', "dezi_nummer": "900000102"}',
        json.dumps(CLAIMS)[:-1].encode() + b', "more": {"a": 1, "a": 2}}',
        json.dumps(CLAIMS)[:-1].encode() + b', "more": NaN}',
        json.dumps([CLAIMS]).encode(),
        b"[" * 5000,
        b'"text"',
        b"\xff\xfe",
        b"{",
    ],
)
async def test_a_payload_that_can_be_read_in_two_ways(payload: bytes) -> None:
    assert await rule(signed(payload, {"alg": "ES256"}, ec_key())) == "json"


async def test_a_header_that_can_be_read_in_two_ways() -> None:
    payload = json.dumps(CLAIMS).encode()
    for header in (b'{"alg":"none","alg":"ES256"}', b"[]", b"{", b"[" * 5000):
        assert await rule(signed(payload, header, ec_key())) == "json"


@pytest.mark.parametrize(
    "text",
    [b"", b".", b"..", b"a.b", b"a.b.c.d.e", b"a b.c.d", b"\xff.\xff.\xff", b'{"payload":""}'],
)
async def test_what_is_no_compact_jws(text: bytes) -> None:
    assert await rule(text) == "form"


async def test_padding_line_ends_and_other_base64_are_not_taken() -> None:
    text = statement()
    for odd in (text + b"=", text + b"\n", b" " + text, text.replace(b".", b"=.", 1)):
        assert await rule(odd) == "form"
    assert await rule(b"A" + b"." + b".".join(text.split(b".")[1:])) == "form"
