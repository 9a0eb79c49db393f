"""What making a card costs at the desk, and what the station's page costs while nothing happens.

Commands to the card and requests to the API are counted; the writer's own time is what is left of
a card's making when the card's, the network's and the server's are taken off. Persons answer at
once. The virtual card and reader of the tests are used; the reader needs root and pcscd.

    python bench/card.py [--rounds 5] [--seconds 30] [--quick] [--json]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# The folder of this script would hide the packages behind scripts of their names.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)
sys.path.insert(1, str(ROOT / "tests"))

from bench.cards.idle import idle_share  # noqa: E402 -- see above
from bench.cards.making import House, Making  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above
from pki.domain.algorithms import KeyType  # noqa: E402 -- see above

COMMANDS = {KeyType.RSA_2048: 75, KeyType.P256: 60}
REQUESTS, OWN_SECONDS, IDLE_SHARE = 5, 0.150, 0.005
"""Requests: a challenge and the session, then order, certificate and confirmation."""
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")

Row = dict[str, object]


def row(name: str, values: Sequence[float], bar: float) -> Row:
    """The median, held against its bar; the first is told apart, since it loads what is used."""
    value = statistics.median(values)
    spread = {"first": values[0], "min": min(values), "max": max(values), "n": len(values)}
    return {"figure": name, "value": value, "bar": bar, "within": value <= bar, **spread}


def of_cards(key_type: KeyType, made: Sequence[Making]) -> list[Row]:
    """What cards with such keys took."""
    name = key_type.value
    own = [each.own_seconds for each in made]
    return [
        row(f"commands_{name}", [each.commands for each in made], COMMANDS[key_type]),
        row(f"requests_{name}", [each.requests for each in made], REQUESTS),
        row(f"time_own_{name}", own, OWN_SECONDS),
        {"figure": f"time_all_{name}", "value": statistics.median(x.seconds for x in made)},
    ]


async def making(rounds: int) -> list[Row]:
    """Figures of both kinds of key."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="zorgid-card-") as name:
        house = House(Path(name))
        await house.prepare()
        for key_type in COMMANDS:
            rows += of_cards(key_type, await house.cards(key_type, rounds))
    return rows


def start(rounds: int) -> Row:
    """How long a command takes until it has loaded what it uses and read its settings."""
    program = [str(Path(sys.executable).with_name("zorgid")), "card", "status", "--config", "none"]
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(program, capture_output=True, check=False)
        seconds.append(time.perf_counter() - began)
    return {"figure": "time_start", "value": statistics.median(seconds), "n": rounds}


def idle(seconds: float) -> Row:
    """The station's share of one processor, where there can be a virtual reader."""
    if os.geteuid() or not VPCD.exists():
        return {"figure": "idle_share", "value": None, "why": "needs root, pcscd and vpcd"}
    return row("idle_share", [idle_share(seconds)], IDLE_SHARE)


def main() -> int:
    """Measure, print, and say by the exit code whether all is within its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="cards of each kind of key")
    parser.add_argument("--seconds", type=float, default=30, help="to look at the idle page")
    parser.add_argument("--quick", action="store_true", help="3 cards of each kind, 10 seconds")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    rounds, seconds = (3, 10.0) if asked.quick else (asked.rounds, asked.seconds)
    rows = [*asyncio.run(making(rounds)), start(rounds), idle(seconds)]
    if asked.json:
        print(json.dumps({"card": rows, "machine": described()}))
    else:
        for each in rows:
            print(json.dumps(each))
    return 0 if all(each.get("within", True) for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
