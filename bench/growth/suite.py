"""Two stores side by side, one of 10,000 cards and one of many more: each thing done in turns."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from bench.growth.actions import ACTIONS, HOURLY, ONCE, Action, House
from bench.growth.cluster import SHARED_BUFFERS_MB, cluster, database, read_in
from bench.growth.loading import load
from bench.growth.pages import pages
from bench.growth.population import Population, scattered
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store

SMALL: Final = 10_000
ENGINES: Final = ("sqlite", "postgresql")

Numbers = Mapping[str, Iterator[int]]
"""For each action, cards it was not yet about."""


def measured(folder: Path, engine: str, count: int, rounds: int) -> dict[str, object]:
    """Times in the larger store as shares of those in the small one."""
    sizes = SMALL, count
    label = f"{engine}_{count}"
    found: dict[str, object] = {}
    with ExitStack() as stack:
        socket = stack.enter_context(cluster(folder)) if engine == "postgresql" else None
        urls = _urls(folder, socket)
        houses = []
        for url, size in zip(urls, sizes, strict=True):
            population = Population(count=size)
            load(url, population)
            houses.append(stack.enter_context(_opened(url, population)))
        if socket is not None:
            found["shared_buffers_mb"] = SHARED_BUFFERS_MB
            found["tables_and_indexes_mb"] = read_in(socket) // 2**20
        numbers = [{name: scattered(each.population) for name in ACTIONS} for each in houses]
        turns = partial(_in_turns, houses, numbers, rounds)
        found[f"growth_{label}"] = {name: turns(name, again=True) for name in ACTIONS}
        found[f"scattered_{label}"] = {name: turns(name, again=False) for name in ACTIONS}
        for what, looks in (("hourly", HOURLY), ("once", ONCE)):
            found[f"{what}_{label}"] = {
                "milliseconds_small_and_large": {
                    name: [_read(house, look) for house in houses] for name, look in looks.items()
                }
            }
        if engine == "postgresql":
            found[f"pages_{label}"] = {
                size: pages(url, house.population, fresh, _opened)
                for size, url, house, fresh in zip(sizes, urls, houses, numbers, strict=True)
            }
    return found | {"small": SMALL}


def _urls(folder: Path, socket: Path | None) -> list[str]:
    """``socket``: the folder of PostgreSQL's; without it, SQLite."""
    names = "small", "large"
    if socket is None:
        return [f"sqlite:///{folder / name}.sqlite3" for name in names]
    return [database(socket, name) for name in names]


@contextmanager
def _opened(url: str, population: Population) -> Iterator[House]:
    reads = ReadStore.open(url)
    store = Store.open(url, clock=SystemClock())
    try:
        yield House(store=store, reads=reads, population=population)
    finally:
        store.close_sync()
        reads.close_sync()


def _in_turns(
    houses: Sequence[House], numbers: Sequence[Numbers], rounds: int, name: str, *, again: bool
) -> dict[str, object]:
    """Call after call in turns, so that whatever else the machine does falls on both.

    ``again``: with the same cards in each round, and once before the first; else with others each
    time, so that nothing is in memory for having been asked.
    """
    action = ACTIONS[name]
    wanted = [list(islice(each[name], action.times)) for each in numbers]
    ratios, small, large = [], [], []
    if again:
        _taken(houses, wanted, action)
    for _ in range(rounds):
        if not again:
            wanted = [list(islice(each[name], action.times)) for each in numbers]
        taken = _taken(houses, wanted, action)
        small.append(median(taken[0]))
        large.append(median(taken[1]))
        ratios.append(large[-1] / small[-1])
    return {
        "time_ratio": round(median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
        "n": len(ratios),
        "milliseconds": round(median(large) * 1e3, 3),
        "milliseconds_small": round(median(small) * 1e3, 3),
    }


def _taken(
    houses: Sequence[House], wanted: Sequence[Sequence[int]], action: Action
) -> list[list[float]]:
    """Seconds in each house."""
    taken: list[list[float]] = [[], []]
    for turn in zip(*wanted, strict=True):
        for house, number, seconds in zip(houses, turn, taken, strict=True):
            began = time.perf_counter()
            action.act(house, number)
            seconds.append(time.perf_counter() - began)
            if action.undo is not None:
                action.undo(house, number)
    return taken


def _read(house: House, look: Callable[[ReadSession], object]) -> float:
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        house.reads.read_sync(look)
        taken.append(time.perf_counter() - began)
    return round(median(taken) * 1e3, 1)
