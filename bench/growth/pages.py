"""How many pages of tables and indexes PostgreSQL looks at for one thing, in memory or not."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import Final

import sqlalchemy as sa

from bench.growth.actions import ACTIONS, House
from bench.growth.population import Population

_TIMES: Final = 20
_READ: Final = sa.text(
    "SELECT blks_hit + blks_read, blks_read FROM pg_stat_database"
    " WHERE datname = current_database()"
)
_CONNECTED: Final = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
)
_MOMENT: Final = 0.02

Opened = Callable[[str, Population], AbstractContextManager[House]]


Counts = tuple[int, int]


def pages(
    url: str, population: Population, numbers: Mapping[str, Iterator[int]], opened: Opened
) -> dict[str, dict[str, float]]:
    """Of each action, the mean; and how many of them were not in its own memory."""
    engine = sa.create_engine(url)
    others = _others(engine)

    def read(name: str, times: int) -> Counts:
        before = _so_far(engine)
        with opened(url, population) as house:
            for number in islice(numbers[name], times):
                ACTIONS[name].act(house, number)
        # What a connection has read is counted when it has ended.
        while _others(engine) > others:
            time.sleep(_MOMENT)
        looked, fetched = _so_far(engine)
        return looked - before[0], fetched - before[1]

    try:
        found = {}
        for name in ACTIONS:
            # What a new connection reads once is in both.
            once, twice = read(name, _TIMES), read(name, 2 * _TIMES)
            looked, fetched = ((b - a) / _TIMES for a, b in zip(once, twice, strict=True))
            found[name] = {"pages": round(looked, 1), "read": round(fetched, 1)}
    finally:
        engine.dispose()
    return found


def _so_far(engine: sa.Engine) -> Counts:
    with engine.connect() as connection:
        looked, fetched = connection.execute(_READ).one()
        return looked, fetched


def _others(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(_CONNECTED).scalar_one())
