"""Two stores side by side, one of 10,000 cards and one of many more: each thing done in turns."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from bench.growth.actions import ACTIONS, HOURLY, ONCE, House
from bench.growth.cluster import cluster, database
from bench.growth.loading import load
from bench.growth.population import LISTED, Population
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store

SMALL: Final = 10_000
ENGINES: Final = ("sqlite", "postgresql")
_MOST: Final = 10_000


def measured(folder: Path, engine: str, count: int, rounds: int) -> dict[str, object]:
    """Times in the larger store as shares of those in the small one."""
    sizes = SMALL, count
    with ExitStack() as stack:
        urls = _urls(folder, engine, stack)
        houses = []
        for url, size in zip(urls, sizes, strict=True):
            population = Population(count=size)
            load(url, population)
            houses.append(stack.enter_context(_opened(url, population)))
        found = {name: _in_turns(houses, name, rounds) for name in ACTIONS}
        hourly = {name: [_read(house, look) for house in houses] for name, look in HOURLY.items()}
        once = {name: [_read(house, look) for house in houses] for name, look in ONCE.items()}
    both = "milliseconds_small_and_large"
    return {
        f"growth_{engine}_{count}": found,
        f"hourly_{engine}_{count}": {both: hourly, "small": SMALL},
        f"once_{engine}_{count}": {both: once, "small": SMALL},
    }


def _urls(folder: Path, engine: str, stack: ExitStack) -> list[str]:
    names = "small", "large"
    if engine == "sqlite":
        return [f"sqlite:///{folder / name}.sqlite3" for name in names]
    socket = stack.enter_context(cluster(folder))
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


def _numbers(house: House) -> Iterator[int]:
    """Of cards, each once before any comes again: nothing is in memory for having been asked."""
    # Half of the live ones that are active: pages begin in the middle.
    among = (house.population.persons - LISTED) // 2
    return cycle(random.Random(among).sample(range(among), min(among, _MOST)))  # noqa: S311 -- repeatable


def _in_turns(houses: Sequence[House], name: str, rounds: int) -> dict[str, object]:
    """Call after call in turns, so that whatever else the machine does falls on both."""
    times, _ = ACTIONS[name]
    numbers = [_numbers(house) for house in houses]
    ratios, small, large = [], [], []
    for _ in range(rounds):
        taken: list[list[float]] = [[], []]
        for _ in range(times):
            for house, each, seconds in zip(houses, numbers, taken, strict=True):
                seconds.append(_timed(house, name, next(each)))
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


def _timed(house: House, name: str, number: int) -> float:
    _, act = ACTIONS[name]
    began = time.perf_counter()
    act(house, number)
    return time.perf_counter() - began


def _read(house: House, look: Callable[[ReadSession], object]) -> float:
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        house.reads.read_sync(look)
        taken.append(time.perf_counter() - began)
    return round(median(taken) * 1e3, 1)
