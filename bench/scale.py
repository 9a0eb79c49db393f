"""What the API and the store cost, as shares of what the machine does without them.

``issuance_ratio``: certificates a second through the API (POST …/certificate over TLS, 32 requests
under way, each with its two durable transactions in SQLite) against the same work in one process
without API and store: request verified, key judged, certificate built, linted, signed, read back.
Keys and profiles are those of `zorgid init`, cards have P-256 keys.

``commit_ratio``: durable entries of the journal a second, one a change, 512 changes under way (with
64 it is ``commit_ratio_64``), against bare fdatasync calls a second on the same file system.

``growth_*`` (with ``--growth N``, and nothing else then): what is asked of a store of N cards, in
turns with the same of one with 10,000, as shares of the time there; by ``--engine``.

    python bench/scale.py [--quick] [--json] [--folder DIR] [--growth N [--engine ENGINE]]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable
from functools import partial
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind a script of that name.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.growth import suite as growth  # noqa: E402 -- see above
from bench.issuing import commits, through_api  # noqa: E402 -- see above
from bench.issuing.suite import loop_factory  # noqa: E402 -- see above
from bench.status.figures import figure  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above

ISSUED = "the same work in one process, without API and store, a second"
SYNCED = "writes of 4 KiB with fdatasync, one by one, a second"
QUICK_ROUNDS, ROUNDS = 3, 5
COMMITS = {"commit_ratio": 512, "commit_ratio_64": 64}


def measured(folder: Path, *, quick: bool) -> dict[str, object]:
    """Every figure."""
    rounds, count, seconds = (QUICK_ROUNDS, 200, 1.0) if quick else (ROUNDS, 1000, 4.0)
    found: dict[str, object] = {}
    with asyncio.Runner(loop_factory=loop_factory()) as runner:

        def run(measurement: Awaitable[float]) -> float:
            return runner.run(_awaited(measurement))

        found["issuance_ratio"] = figure(through_api.pairs(folder, rounds, count, run), ISSUED)
        for name, at_once in COMMITS.items():
            with tempfile.TemporaryDirectory(dir=folder) as inner:
                pairs = partial(commits.pairs, Path(inner), at_once, rounds, seconds)
                found[name] = figure(pairs(run), SYNCED)
    return found


async def _awaited(measurement: Awaitable[float]) -> float:
    return await measurement


def main() -> int:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="one object on one line")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured")
    parser.add_argument("--growth", type=int, metavar="N", help="a store of N cards, if so")
    parser.add_argument("--engine", choices=growth.ENGINES, default=growth.ENGINES[0])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zorgid-scale-", dir=asked.folder) as name:
        if asked.growth:
            rounds = QUICK_ROUNDS if asked.quick else ROUNDS
            found = growth.measured(Path(name), asked.engine, asked.growth, rounds)
        else:
            found = measured(Path(name), quick=asked.quick)
    shown = {**found, "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
