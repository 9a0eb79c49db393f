"""Two issuing servers on one store, asked at once over TLS."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from issuing.world import Server, World, Writer, writer
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.wire import BlockRequest, CardView
from pki.domain.events import CardBlocked, CardConfirmed, CardOrdered, Event
from pki.domain.identifiers import IdempotencyKey
from pki.domain.reasons import BlockReason, RefusalReason

LOSS = BlockReason.LOSS


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both servers, each with a desk and a client of the ZORG-ID team."""

    servers: tuple[Server, Server]
    desks: tuple[Writer, Writer]
    teams: tuple[IssuanceClient, IssuanceClient]

    async def events(self, kind: type[Event]) -> int:
        reader = self.servers[0].desk.reader
        entries = await reader.read(lambda snapshot: snapshot.journal_after(0, 1000))
        return sum(isinstance(each.event, kind) for each in entries)


@pytest.fixture
async def pair(world: World, card_keys: list[rsa.RSAPrivateKey]) -> AsyncIterator[Pair]:
    async with (
        world.serve() as one,
        world.serve() as two,
        one.client() as first,
        two.client() as second,
        one.client("team") as team,
        two.client("team") as other_team,
    ):
        yield Pair(
            servers=(one, two),
            desks=(writer(world, first, card_keys[0]), writer(world, second, card_keys[1])),
            teams=(team, other_team),
        )


async def test_two_orders_of_one_person_at_once_are_one_card(pair: Pair) -> None:
    """Each desk has a pass of the same person, and asks a server of its own."""
    for desk in pair.desks:
        await desk.open()

    async def attempt(number: int) -> RefusalReason | CardView | None:
        desk = pair.desks[number % 2]
        try:
            return await desk.order(f"key-{number:012}", f"ZC-{number:06}")
        except ProblemAnswered as problem:
            return problem.reason

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(number)) for number in range(8)]
    outcomes = [task.result() for task in tasks]
    assert sum(isinstance(each, CardView) for each in outcomes) == 1
    assert outcomes.count(RefusalReason.HOLDER_HAS_CARD) == 7
    assert await pair.events(CardOrdered) == 1


async def test_one_key_at_both_is_one_change(pair: Pair) -> None:
    made = await pair.desks[0].make()
    body, key = BlockRequest(reason=LOSS), IdempotencyKey("k" * 16)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(pair.teams[number % 2].block(made.card.card_id, body, key))
            for number in range(6)
        ]
    assert len({task.result().change.position for task in tasks}) == 1
    assert await pair.events(CardBlocked) == 1


async def test_a_block_and_a_confirmation_at_once(pair: Pair) -> None:
    """Whichever comes first, the card is not good after a block that was answered as done."""
    desk, team = pair.desks[0], pair.teams[1]
    await desk.open()
    certified = await desk.certify((await desk.order()).card_id)
    card = certified.card.card_id

    async def block() -> None:
        """As an administrator does who is told that the card is not active yet."""
        refused: list[RefusalReason | None] = []
        while refused.count(RefusalReason.CARD_STATE) == len(refused):
            try:
                await team.block(card, BlockRequest(reason=LOSS))
            except ProblemAnswered as problem:
                refused.append(problem.reason)
            else:
                return
        raise AssertionError(refused)

    async with asyncio.TaskGroup() as group:
        group.create_task(block())
        confirming = group.create_task(desk.confirm(certified))
    assert confirming.result().state == "actief"
    found = await team.card(card)
    assert found.state == "geblokkeerd"
    assert (await pair.events(CardConfirmed), await pair.events(CardBlocked)) == (1, 1)
