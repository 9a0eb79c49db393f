"""One id through the logs: from a request to the journal, the signer and what outsiders see."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import until
from pki.api.wire import BlockRequest
from pki.domain.reasons import BlockReason
from server.initialise import ADMINISTRATOR

pytestmark = pytest.mark.slow

Line = dict[str, Any]


def lines(log: Path) -> list[Line]:
    """What is whole so far: the last line may be half written."""
    text = log.read_text("utf-8").rpartition("\n")[0]
    return [json.loads(each) for each in text.splitlines() if each.startswith("{")]


def of_request(found: list[Line], route: str) -> list[Line]:
    """What was logged for the last request of a route, in order."""
    answered = [each for each in found if each["message"] == "request answered"]
    last = next(each for each in reversed(answered) if each["route"].endswith(route))
    return [each for each in found if each.get("request_id") == last["request_id"]]


async def test_one_id_goes_from_the_request_to_what_outsiders_see(
    practice: Practice, nursery: Nursery
) -> None:
    log = practice.layout.root / "servers.log"
    with nursery.serving(practice):
        made = await practice.make_card(employee(1))
        async with practice.client(ADMINISTRATOR) as administrator:
            block = BlockRequest(reason=BlockReason.LOSS)
            held = await administrator.block(made.card.card_id, block)
        position = held.change.position

        def seen() -> set[str]:
            return {
                each["sink"]
                for each in lines(log)
                if each["message"] == "a change is shown" and each["position"] == position
            }

        await asyncio.to_thread(until, lambda: seen() >= {"crl", "ocsp"}, "both show the block")
        found = lines(log)
    certified = of_request(found, "/certificate")
    said = [each["message"] for each in certified]
    assert said == ["recorded", "signed", "recorded", "request answered"]
    assert [each["kinds"] for each in certified if "kinds" in each] == [
        "certificate.intended",
        "certificate.issued",
    ]
    assert certified[1]["signer"] == "token-ca-g1"
    blocked = of_request(found, "/block")
    assert [each["message"] for each in blocked] == ["recorded", "request answered"]
    assert (blocked[0]["first"], blocked[0]["last"]) == (position, position)
    assert {each["request_id"] for each in certified + blocked} == {
        certified[0]["request_id"],
        blocked[0]["request_id"],
    }
