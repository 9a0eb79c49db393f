"""A card made at a server that takes its time, or longer than a desk waits."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from card_writer.flow.steps.base import Step
from card_writer.flow.steps.server import Certify, Confirm, OrderCard
from card_writer.programs.words import announced
from desks.desk import Someone
from desks.house import House, assert_made
from desks.late_line import LateLine
from desks.torn_client import TornClient
from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable

ANSWER = "answer"
LATE, TOO_LATE = 0.1, 3.0
"""Seconds that an answer is kept back, and that a desk waits for one that does not come."""


@dataclass(slots=True, kw_only=True)
class Reading(Someone):
    """Reads what the desk says it is doing."""

    read: list[str] = field(default_factory=list)

    def doing(self, step: Step[Any]) -> None:
        said = announced(step)
        if said is not None:
            self.read.append(said("en"))


@dataclass(slots=True, kw_only=True)
class Losing(Someone):
    """The answer to one step comes too late; those who sit there try again."""

    line: LateLine
    lost: type[Step[Any]]
    patience: int = 99
    done: list[type[Step[Any]]] = field(default_factory=list)

    def doing(self, step: Step[Any]) -> None:
        self.line.held = type(step) is self.lost and self.lost not in self.done
        self.done.append(type(step))


async def test_a_server_that_takes_its_time_is_waited_for_and_the_desk_says_what_it_does(
    card_house: House,
) -> None:
    person = Reading()
    late = LateLine(server=card_house.server.port, delay=LATE)
    late.passed = lambda: person.read.append(ANSWER)
    async with card_house.desk(person=person) as desk, late.open() as line:
        tls = card_house.world.tls.client_context(None)
        async with IssuanceClient(f"https://127.0.0.1:{line.port}", tls=tls) as client:
            desk.client = TornClient(inner=client)
            made = await desk.make()
        assert desk.client.tear.count == 5
        assert_made(card_house, desk, made)
    for text in ("Ordering the card …", "Making the certificate …", "Taking the card into use …"):
        assert person.read.count(text) == 1
        assert person.read[person.read.index(text) + 1] == ANSWER


@pytest.mark.parametrize("lost", [OrderCard, Certify, Confirm])
async def test_an_answer_that_comes_too_late_makes_no_second_order(
    card_house: House, lost: type[Step[Any]]
) -> None:
    late = LateLine(server=card_house.server.port)
    person = Losing(line=late, lost=lost)
    async with card_house.desk(person=person) as desk, late.open() as line:
        client = IssuanceClient(
            f"https://127.0.0.1:{line.port}",
            tls=card_house.world.tls.client_context(None),
            timeout_seconds=TOO_LATE,
        )
        async with client:
            desk.client = TornClient(inner=client)
            made = None
            while made is None:
                with suppress(ServiceUnreachable):  # a busy computer may lose other answers too
                    made = await desk.make()
        assert_made(card_house, desk, made)
        assert len(card_house.cards_of(made.session.holder.uzi_number)) == 1
    assert "go on after service-unreachable" in person.asked
    assert person.done.count(OrderCard) >= 2
