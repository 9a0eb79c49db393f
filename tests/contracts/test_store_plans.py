"""What each request asks, and what is asked once an hour, is found by an index."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from bench.growth.actions import ACTIONS, HOURLY, House
from bench.growth.loading import load
from bench.growth.population import Population
from pki.domain.search.cards import CardSearch
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store

CARDS = 10_000
LARGE = {"cards", "card_links", "certificates", "persons", "status_intervals", "keys_seen"} | {
    "journal",
    "notices",
}
WHOLE = {"certificates_listed", "cards_by_order", "certificates_open_intents", "card_links_ended"}
"""Read from one end: a CRL lists the first, a page ends soon, intents are open for seconds, and
who looks for cards that nobody manages reads every link that has ended."""

FEW = {"search_uzi_number", "search_card_number", "search_surname"}
"""What they find is sorted: a person has a few cards."""

PAGE = 50
Asked = list[tuple[str, Any]]


@pytest.fixture
async def house(empty_url: str) -> AsyncIterator[House]:
    population = Population(count=CARDS)
    load(empty_url, population)
    store, reads = Store.open(empty_url, clock=SystemClock()), ReadStore.open(empty_url)
    yield House(store=store, reads=reads, population=population)
    await store.close()
    await reads.close()


@contextmanager
def heard(*engines: sa.Engine) -> Iterator[Asked]:
    """The statements that run meanwhile, each once."""
    found: dict[str, Any] = {}

    def hear(*arguments: Any) -> None:
        _, _, statement, parameters, _, many = arguments
        if not many:
            found.setdefault(statement, parameters)

    for each in engines:
        sa.event.listen(each, "before_cursor_execute", hear)
    asked: Asked = []
    yield asked
    asked += found.items()
    for each in engines:
        sa.event.remove(each, "before_cursor_execute", hear)


def whole_tables(connection: sa.Connection, asked: Asked) -> list[str]:
    """Statements that an engine answers by reading a large table, and how it means to."""
    plan = _of_sqlite if connection.dialect.name == "sqlite" else _of_postgresql
    found = []
    for statement, parameters in asked:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            found += [f"{why}: {statement}" for why in plan(connection, statement, parameters)]
    return found


def _of_sqlite(connection: sa.Connection, statement: str, parameters: Any) -> Iterator[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    for *_, detail in rows:
        words = detail.split()
        if words[0] != "SCAN" or "VIRTUAL" in words:
            continue
        if words[1] in LARGE and words[-1] not in WHOLE:
            yield detail


def _nodes(
    connection: sa.Connection, how: str, statement: str, parameters: Any
) -> Iterator[dict[str, Any]]:
    explained = connection.exec_driver_sql(f"EXPLAIN ({how}) {statement}", parameters)
    plan = explained.scalar_one()
    nodes = [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", ())
        yield node


def _of_postgresql(connection: sa.Connection, statement: str, parameters: Any) -> Iterator[str]:
    for node in _nodes(connection, "FORMAT JSON", statement, parameters):
        by_condition = "Index Cond" in node or "Recheck Cond" in node
        if node.get("Relation Name") in LARGE and not by_condition:
            if node["Node Type"] == "ModifyTable" or node.get("Index Name") in WHOLE:
                continue
            yield f"{node['Node Type']} {node.get('Index Name')} {node.get('Filter')}"


async def test_no_request_and_no_hourly_look_reads_a_large_table_whole(house: House) -> None:
    engines = house.store._engine, house.reads._engine
    with heard(*engines) as asked:
        for action in ACTIONS.values():
            action.act(house, 7)
        for look in HOURLY.values():
            house.reads.read_sync(look)
    assert len(asked) > 40
    with house.reads._engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # The table is small here: what an index can find, it must.
            connection.exec_driver_sql("SET enable_seqscan = off")
        assert whole_tables(connection, asked) == []


async def test_a_page_reads_no_more_than_it_shows(house: House) -> None:
    """By an order that an index has: nothing is sorted that is not shown."""
    searches = {name for name in ACTIONS if name.startswith(("search_", "page_"))}
    for name in sorted(searches):
        with heard(house.reads._engine) as asked:
            ACTIONS[name].act(house, 7)
        (found,) = [each for each in asked if "LIMIT" in each[0]]
        with house.reads._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {found[0]}", found[1])
                assert name in FEW or "TEMP B-TREE" not in str(plan.all()), name
            else:
                assert 0 < _most_rows(connection, *found) <= PAGE + 1, name


async def test_a_page_of_those_that_end_begins_where_the_last_one_ended(house: House) -> None:
    """And not where the search began, thousands of certificates before."""
    every = CardSearch(expires_from=house.population.ends(0), limit=PAGE)
    middle = house.population.card(CARDS // 2)
    with house.reads._engine.connect() as connection:
        session = ReadSession(connection)
        first = _steps(connection, lambda: session.cards_found(every, None))
        with heard(house.reads._engine) as asked:
            later = _steps(connection, lambda: session.cards_found(every, middle))
        if connection.dialect.name == "sqlite":
            assert 0 < later < 1.5 * first
        else:
            assert 0 < _most_rows(connection, *asked[-1]) <= PAGE + 1


def _steps(connection: sa.Connection, query: Callable[[], Sequence[object]]) -> int:
    """Of SQLite's machine while it answers with a page."""
    steps = count()
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.set_progress_handler(lambda: next(steps) < 0, 1)
    assert len(query()) == PAGE
    return next(steps)


def _most_rows(connection: sa.Connection, statement: str, parameters: Any) -> int:
    """Of one table or index, that PostgreSQL read."""
    nodes = _nodes(connection, "ANALYZE, FORMAT JSON", statement, parameters)
    return max(
        int(node["Actual Rows"] * node["Actual Loops"])
        for node in nodes
        if "Relation Name" in node or "Index Name" in node
    )
