"""Two issuing servers on one database: what runs once does, and nothing is done twice or lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import sqlalchemy as sa
from cryptography import x509

from card_writer.flow.making import Made
from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import until
from installed.sound import check_sound
from installed.two_issuers import Pair, two_issuers
from pki.store import schema
from pki.store.engine import write_engine

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def pair(
    module_practice: Practice, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """For all tests here."""
    folder = tmp_path_factory.mktemp("second") / "installation"
    with two_issuers(module_practice, folder, nursery) as both:
        yield both
        until(lambda: both.first.ready() and both.second.ready(), "both are ready")


@pytest.fixture(autouse=True)
async def sound(pair: Pair) -> AsyncIterator[None]:
    """After each fault, by whichever of the two one looks."""
    yield
    for each in (pair.first, pair.second):
        await check_sound(each.practice, pair.requests)


def serial(made: Made) -> int:
    return x509.load_der_x509_certificate(made.certificate).serial_number


async def test_a_builder_that_was_stopped_is_taken_over_and_refused_when_it_wakes(
    pair: Pair,
) -> None:
    builder, other = pair.turns()
    made = await other.practice.make_card(employee(301))
    card = made.card.card_id
    assert other.metric("zorgid_lease_held") == 0
    await pair.change(other, card, blocking=True)
    until(lambda: serial(made) in pair.listed(), "what one is told, the builder lists")
    token = pair.token()

    os.kill(builder.process, signal.SIGSTOP)
    try:
        until(lambda: pair.builder() is other, "the other takes over")
        assert pair.token() == token + 1
        await pair.change(other, card, blocking=False)
        until(lambda: serial(made) not in pair.listed(), "the other builds")
    finally:
        os.kill(builder.process, signal.SIGCONT)
    until(lambda: builder.metric("zorgid_lease_losses_total") >= 1, "the builder finds out")
    assert builder.metric("zorgid_lease_held") == 0

    await pair.change(builder, card, blocking=True)
    until(lambda: serial(made) in pair.listed(), "what one is told, the other lists")
    assert pair.builder() is other
    await pair.change(builder, card, blocking=False)


async def test_a_writer_that_was_stopped_in_its_transaction_holds_up_nobody(pair: Pair) -> None:
    card = (await pair.first.practice.make_card(employee(302))).card.card_id
    engine = write_engine(pair.url)
    with engine.connect() as stopped:
        stopped.execute(sa.select(schema.journal_head).with_for_update())
        # It says no more, as a process that was stopped: the database ends its transaction.
        await pair.change(pair.second, card, blocking=True)
        with pytest.raises(sa.exc.DBAPIError):
            stopped.execute(sa.select(schema.journal_head))
    engine.dispose()
    await pair.change(pair.second, card, blocking=False)


async def test_the_database_is_killed_under_load_and_comes_back(pair: Pair) -> None:
    cards = [
        (await at.practice.make_card(employee(310 + number))).card.card_id
        for number, at in enumerate((pair.first, pair.second))
    ]
    killed = asyncio.Event()

    async def work(number: int) -> None:
        at = (pair.first, pair.second)[number]
        for step in range(12):
            if step == 4:
                killed.set()
            await pair.change(at, cards[number], blocking=step % 2 == 0)

    async with asyncio.TaskGroup() as tasks:
        for number in range(len(cards)):
            tasks.create_task(work(number))
        await killed.wait()
        pair.requests.refused.clear()
        pair.database.kill()
        await pair.requests.refused.wait()
        pair.database.start()
    until(lambda: pair.builder() is not None, "somebody builds CRLs again")
