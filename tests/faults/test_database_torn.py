"""The line to the database is slow, or ends in the middle: waits end, and nothing is done twice."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from psycopg import sql

from card_writer.flow.making import Made
from fixtures.postgres import PostgresCluster
from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import fetched, readiness, until
from installed.sound import Change, Requests, check_sound
from pki.api.errors import ServiceUnavailable
from pki.ports import happens
from status_side.exact import question, said
from stores.books import Ledger
from strangers.postgres_killed import moved
from strangers.torn_wire import SOCKET, WireThread, wired

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

SLOW = 2.0
"""Seconds before each answer of the database."""


@dataclass(frozen=True, kw_only=True)
class House:
    """A server on a database of its own, at the end of a wire."""

    practice: Practice
    direct: str
    line: WireThread
    card: Made
    requests: Requests

    @property
    def serial(self) -> str:
        number = x509.load_der_x509_certificate(self.card.certificate).serial_number
        return f"{number:040x}"

    def takes_changes(self, *, on: bool) -> None:
        """What the database says to whoever connects from now on."""
        address = self.direct.replace("+psycopg", "")
        statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(address, autocommit=True, options=options) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(statement.format(name, sql.Literal("off" if on else "on")))
        self.line.cut()

    def has_followed(self) -> bool:
        """Whether the server knows the journal to its end: what it keeps now, it keeps."""
        with psycopg.connect(self.direct.replace("+psycopg", "")) as connection:
            row = connection.execute("SELECT position FROM journal_head").fetchone()
        assert row is not None
        metrics = fetched(f"http://127.0.0.1:{self.practice.metrics_port}/metrics").decode()
        known = re.search(
            r"^zorgid_journal_position(?:{[^}]*})? ([0-9.e+]+)$", metrics, re.MULTILINE
        )
        return known is not None and float(known[1]) == row[0]


@pytest.fixture(scope="module")
def house(
    module_practice: Practice, nursery: Nursery, postgres_cluster: PostgresCluster
) -> Iterator[House]:
    practice, name = module_practice, postgres_cluster.create()
    direct = postgres_cluster.url(name)
    moved(practice.layout.store, direct)
    socket = Path(direct.partition("host=")[2]) / SOCKET
    # A socket's path may be 107 bytes long, so the folder is not made below pytest's own.
    folder = Path(tempfile.mkdtemp(prefix="zorgid-wire-", dir="/tmp"))
    with wired(socket, folder) as line:
        url = f"postgresql+psycopg://postgres@/{name}?host={folder}"
        practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
        with nursery.serving(practice):
            card = asyncio.run(practice.make_card(employee(700)))
            yield House(practice=practice, direct=direct, line=line, card=card, requests=Requests())
    assert nursery.code == 0
    shutil.rmtree(folder)
    postgres_cluster.drop(name)


@pytest.fixture(autouse=True)
async def sound(house: House) -> AsyncIterator[None]:
    """After each fault."""
    yield
    until(lambda: readiness(house.practice.metrics_port) is None, "it mends by itself")
    await check_sound(house.practice, house.requests)


async def test_a_slow_database_ends_waits_and_leaves_ocsp_alone(house: House) -> None:
    practice, requests = house.practice, house.requests
    card_id = house.card.card.card_id
    asked = question(practice, house.card, hashes.SHA256())
    await asyncio.to_thread(until, house.has_followed, "the server knows of the new card")
    assert await asyncio.to_thread(said, practice, asked) == "good"
    house.line.wire.delay = SLOW
    try:
        async with asyncio.TaskGroup() as tasks:
            patient = replace(practice, patience=120)
            blocking = tasks.create_task(requests.once(patient, Change.BLOCK, card_id))
            answers = []
            while not blocking.done():
                answers.append(await asyncio.to_thread(said, practice, asked))
                await asyncio.sleep(0.1)
    finally:
        house.line.wire.delay = 0.0
    if not blocking.result():
        refused = requests.refusals[-1]
        assert isinstance(refused, ServiceUnavailable), "it is answered, not hung up on"
        assert refused.retry_after
    assert len(answers) > 1, "it was answered while the database was slow"
    kept = list(takewhile(lambda answer: answer == "good", answers))
    assert kept
    assert set(answers[len(kept) :]) <= {"hold", "TRY_LATER"}, "once the block was seen, no good"
    await requests.again(practice, requests.asked[-1])
    await requests.insist(practice, Change.UNBLOCK, card_id)


@pytest.mark.parametrize("tear", ["before", "after"])
async def test_a_connection_that_ends_at_commit_does_nothing_twice(
    house: House, tear: Literal["before", "after"]
) -> None:
    card_id, requests, wire = house.card.card.card_id, house.requests, house.line.wire
    ledger = Ledger(house.practice)
    before = ledger.changes(card_id.value)
    wire.word, wire.tear = Change.BLOCK.value.encode(), tear
    assert not await requests.once(house.practice, Change.BLOCK, card_id)
    assert house.line.wire.tear is None
    refused = requests.refusals[-1]
    assert isinstance(refused, ServiceUnavailable)
    assert "under the same Idempotency-Key" in (refused.problem.next_step or "")
    done = ledger.changes(card_id.value)[len(before) :]
    assert done == ([] if tear == "before" else [Change.BLOCK.value])
    assert await requests.again(house.practice, requests.asked[-1])
    await requests.insist(house.practice, Change.UNBLOCK, card_id)


async def test_connections_that_are_cut_again_and_again_lose_nothing(house: House) -> None:
    card_id, requests = house.card.card.card_id, house.requests
    done = asyncio.Event()

    async def cut() -> None:
        """With pauses that grow, until a slow machine gets something done between two."""
        pause = 0.15
        while not done.is_set():
            house.line.cut()
            await happens(done, pause)
            pause *= 1.2

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(cut())
        for step in range(8):
            change = Change.UNBLOCK if step % 2 else Change.BLOCK
            await requests.insist(house.practice, change, card_id)
        done.set()


async def test_a_database_that_takes_no_changes_answers_what_it_can(house: House) -> None:
    card_id, requests = house.card.card.card_id, house.requests
    house.takes_changes(on=False)
    try:
        assert not await requests.once(house.practice, Change.BLOCK, card_id)
        assert house.practice.openssl_ocsp(house.serial) == "good"
    finally:
        house.takes_changes(on=True)
    assert await requests.again(house.practice, requests.asked[-1])
    await requests.insist(house.practice, Change.UNBLOCK, card_id)
