"""The server is killed wherever a request waits: while a card is made, and while one is blocked.

One server notes every place where the task of a request is suspended. Others are killed there, when
it begins to wait or when it goes on. A test run takes a few places; ``ZORGID_FAULTS=all`` each one.
"""

import os
import random
import signal
from pathlib import Path

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.sound import Change, Requests, check_sound
from pki.api.errors import ServiceUnreachable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

EVERY = os.environ.get("ZORGID_FAULTS") == "all"
MOMENTS = ("before", "after")
Point = dict[str, object]


def points(places: list[str], count: int) -> list[Point]:
    """Where to kill: once at each place and moment, or at as many of them as a run has time for."""
    every = [
        {"awaits": True, "place": place, "number": 1, "moment": moment}
        for place in dict.fromkeys(places)
        for moment in MOMENTS
    ]
    return every if EVERY else random.Random(len(every)).sample(every, count)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("waits") / "record"


def lines(record: Path) -> list[str]:
    return record.read_text().splitlines()


async def noted(practice: Practice, nursery: Nursery, record: Path) -> tuple[list[str], list[str]]:
    """Where requests wait while a card is made, and while it is blocked."""
    requests = Requests()
    with nursery.serving(practice, {"record": str(record), "awaits": True}):
        made = await practice.make_card(employee(500))
        making = lines(record)
        assert await requests.once(practice, Change.BLOCK, made.card.card_id)
        await check_sound(practice, requests)
    return making, lines(record)[len(making) :]


async def test_wherever_a_request_waits_the_server_may_be_killed(
    module_practice: Practice, nursery: Nursery, record: Path
) -> None:
    practice, requests = module_practice, Requests()
    making, blocking = await noted(practice, nursery, record)
    assert any(place.startswith("issuance/certify_card.py") for place in making)
    assert any(">pki/keys/" in place for place in making), "the signature is waited for"
    assert any(">pki/store/writing.py" in place for place in blocking)

    for number, point in enumerate(points(making, 2)):
        someone = employee(510 + number)
        uzi_pass, card = practice.make_pass(someone), practice.blank_card(someone.label)
        with nursery.serving(practice, point), pytest.raises(ServiceUnreachable):
            await practice.run_desk(uzi_pass, card)
        assert nursery.code == -signal.SIGKILL, point
        with nursery.serving(practice):
            made = await practice.run_desk(uzi_pass, card)
            assert card.certificates()[0] == made.certificate
            await check_sound(practice)
        assert nursery.code == 0

    for number, point in enumerate(points(blocking, 1)):
        with nursery.serving(practice, point):
            made = await practice.make_card(employee(600 + number))
            assert not await requests.once(practice, Change.BLOCK, made.card.card_id)
        assert nursery.code == -signal.SIGKILL, point
        with nursery.serving(practice):
            await check_sound(practice, requests)
        assert nursery.code == 0
