"""A whole installation under load, with one fault after another, for as many minutes as are given.

Cards are made, blocked, unblocked and revoked; OCSP (with and without nonce) and CRLs are asked for
without pause; the directory follows. After each fault everything is held against everything: the
journal verifies, no number came twice, what was acknowledged is there once, and OCSP, CRL and
directory say what the store says. It stops at the first thing that is not so, and when memory or
descriptors of the server grow.

    python bench/soak.py [--minutes 10] [--seed 1] [--json]

The same seed gives the same faults in the same order; what they meet differs from run to run.
Memory is compared within the life of one process, after its first round.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

# The folder of this script would hide the packages beside it.
ROOT = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from bench.soaking.faults import FAULTS  # noqa: E402 -- see above
from bench.soaking.house import House, Use, living  # noqa: E402 -- see above
from bench.soaking.load import Load  # noqa: E402 -- see above
from installed.program import readiness  # noqa: E402 -- see above
from installed.sound import Requests, check_sound  # noqa: E402 -- see above
from stores.books import Ledger  # noqa: E402 -- see above

READY_SECONDS = 120.0
MEMORY_MIB = 48.0
"""By so much a process may grow after its first round: caches that fill."""

DESCRIPTORS = 24


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def until_ready(house: House) -> float:
    """Seconds until the server says so."""
    began = time.monotonic()
    while (why := await asyncio.to_thread(readiness, house.practice.metrics_port)) is not None:
        if time.monotonic() - began > READY_SECONDS:
            raise AssertionError(f"it does not mend: {why}; {house.server.log[-2000:]}")
        await asyncio.sleep(0.2)
    return time.monotonic() - began


async def one_round(house: House, load: Load, fault: str, number: int) -> float:
    """The fault under load; then everything is compared. Seconds until it had mended."""
    requests, stop = Requests(series=str(number)), asyncio.Event()
    since = Ledger(house.practice).after
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.round(requests, stop))
        await asyncio.sleep(load.chance.uniform(0.5, 2))
        await FAULTS[fault](house, load.chance)
        mended = await until_ready(house)
        await asyncio.sleep(1)
        stop.set()
    await check_sound(house.practice, requests, since=since)
    assert not load.wrong, load.wrong[:3]
    return mended


def grown(uses: list[Use]) -> str | None:
    """What the present process has too much of; None when nothing."""
    own = [each for each in uses if each.process == uses[-1].process]
    first, last = own[0], own[-1]
    if last.memory - first.memory > MEMORY_MIB:
        return f"memory grew from {first.memory:.0f} to {last.memory:.0f} MiB"
    if last.descriptors - first.descriptors > DESCRIPTORS:
        return f"descriptors grew from {first.descriptors} to {last.descriptors}"
    return None


async def soak(house: House, minutes: float, seed: int) -> dict[str, Any]:
    """Round after round."""
    chance, others = (random.Random(each) for each in (seed, -seed))  # noqa: S311 -- it repeats
    uses, done, mending = list[Use](), Counter[str](), 0.0
    ends = time.monotonic() + minutes * 60
    load = Load(house=house, chance=others)
    while time.monotonic() < ends:
        fault = chance.choice(list(FAULTS)) if done else "nothing"
        mended = await one_round(house, load, fault, sum(done.values()))
        mending = max(mending, mended)
        done[fault] += 1
        uses.append(house.use())
        left = max(0.0, ends - time.monotonic()) / 60
        say(
            f"{fault:20} sound; ready after {mended:5.1f} s; {load.made} cards,"
            f" {load.changed} changes, {load.refused} refused, {load.asked} asked;"
            f" {uses[-1].memory:.0f} MiB, {uses[-1].descriptors} descriptors; {left:.1f} min"
        )
        assert grown(uses) is None, grown(uses)
    return {
        "seed": seed,
        "rounds": dict(done),
        "cards": load.made,
        "changes": load.changed,
        "refused": load.refused,
        "asked": load.asked,
        "longest_mending_seconds": round(mending, 1),
        "use": [each._asdict() for each in uses],
    }


def main() -> int:
    """Soak, and say what was met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    say(f"seed {given.seed}, {given.minutes:g} minutes")
    with living() as house:
        found = asyncio.run(soak(house, given.minutes, given.seed))
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items() if name != "use"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
