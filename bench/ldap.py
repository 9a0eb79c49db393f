"""Certificates into an empty directory, beside `ldapadd -f` of the same entries in the same run.

Ours looks at what is there, adds what is not, and reads each entry back. Then everything is
compared again with nothing to change, beside reading each entry once, and beside `ldapsearch` of
all. At last single changes are timed from commit to sight. Every run has a new slapd of its own, on
loopback, with its database where temporary files lie: with TMPDIR=/dev/shm no disk limits anybody.

A round is begun only while it is likely to end in `--seconds`; the first always is.

    python bench/ldap.py [--count 100000] [--rounds 3] [--changes 200] [--seconds 1800]
                         [--quick] [--json]
"""

import argparse
import asyncio
import json
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind a script of that name.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from bench.crls.ours import forget, resident  # noqa: E402 -- see above
from bench.directory.data import BASE, Cards  # noqa: E402 -- see above
from bench.directory.visible import until_shown  # noqa: E402 -- see above
from bench.issuing.suite import loop_factory  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above
from ldap_publish.directory import LdapDirectory, LdapServer  # noqa: E402 -- see above
from ldap_publish.entry import card_dn  # noqa: E402 -- see above
from ldap_publish.publisher import Publisher  # noqa: E402 -- see above
from ldap_publish.slapd import PrivateSlapd, SlapdPlace  # noqa: E402 -- see above
from ldap_publish.upkeep import Upkeep  # noqa: E402 -- see above
from pki.ports import SystemEntropy  # noqa: E402 -- see above

SCHEMA = ROOT / "config" / "ldap" / "zorgid.schema"
QUICK, QUICK_CHANGES = 2000, 20


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Say what is done now, and how long it took."""
    began = time.monotonic()
    print(f"  {name} ...", end="", file=sys.stderr, flush=True)
    yield
    print(f" {time.monotonic() - began:.1f} s", file=sys.stderr)


@asynccontextmanager
async def slapd(directory: Path) -> AsyncIterator[PrivateSlapd]:
    """A new one, with nothing in it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    place = SlapdPlace(directory=directory, port=port, schemas=(SCHEMA,), base=BASE)
    async with PrivateSlapd(place, SystemEntropy()) as running:
        yield running


async def by_ldapadd(folder: Path, ldif: Path) -> float:
    """Seconds that OpenLDAP's own client needs."""
    async with slapd(folder) as running:
        return await timed(folder, running, "ldapadd", "-f", str(ldif))


async def timed(folder: Path, running: PrivateSlapd, program: str, *words: str) -> float:
    """Seconds that one of OpenLDAP's clients needs as the writer, its output thrown away."""
    secret = folder / "secret"
    secret.write_text(running.password())
    secret.chmod(0o600)
    login = ("-x", "-H", running.writer_url, "-D", running.bind_dn, "-y", str(secret))
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        program, *login, *words, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise SystemExit(f"{program} failed")
    return time.monotonic() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Seconds: making everything, comparing it, reading it; and each change until it showed.

    ``memory``: octets that filling and comparing took at most, beside the certificates.
    """

    filled: float
    compared: float
    read: float
    searched: float
    shown: list[float]
    memory: int


async def by_us(folder: Path, cards: Cards, changes: int) -> Ours:
    """Fill a directory, compare it, read it, and change it; it must hold what it must."""
    async with slapd(folder) as running:
        server = LdapServer(
            url=running.writer_url, bind_dn=running.bind_dn, password=running.password()
        )
        directory = LdapDirectory(server)
        upkeep = Upkeep(facts=cards, publisher=Publisher(directory, cards.tree), tree=cards.tree)
        forget()
        before, times = resident("VmRSS"), [time.monotonic()]
        with phase("ours"):
            made = await upkeep.reconcile()
        times.append(time.monotonic())
        with phase("comparing"):
            again = await upkeep.reconcile()
        times.append(time.monotonic())
        memory = resident("VmHWM") - before
        with phase("reading each"):
            await read_once(directory, cards)
        times.append(time.monotonic())
        with phase("ldapsearch"):
            searched = await timed(folder, running, "ldapsearch", "-LLL", "-b", BASE)
        with phase(f"{changes} single changes"):
            shown = await until_shown(folder, directory, running.url, cards, changes)
        await directory.close()
    if upkeep.set_aside or made.changed < len(cards.cards) or again.changed:
        raise SystemExit("the directory does not hold what it must")
    filled, compared, read = (end - start for start, end in pairwise(times))
    return Ours(
        filled=filled, compared=compared, read=read, searched=searched, shown=shown, memory=memory
    )


async def read_once(directory: LdapDirectory, cards: Cards, window: int = 64) -> None:
    """Every entry, as many at once as the publisher has under way."""
    waiting = iter(cards.cards)

    async def serve() -> None:
        for card in waiting:
            if await directory.read(card_dn(card.certificate, BASE), ("*",)) is None:
                raise SystemExit("an entry is missing")

    async with asyncio.TaskGroup() as group:
        for _ in range(window):
            group.create_task(serve())


async def measured(count: int, rounds: int, changes: int, seconds: float) -> dict[str, object]:
    """Both in turns, so that what the machine does besides is the same for both."""
    theirs: list[float] = []
    ours: list[Ours] = []
    with tempfile.TemporaryDirectory(prefix="zorgid-ldap-") as name:
        ldif = Path(name) / "cards.ldif"
        with phase(f"{count} certificates"):
            cards = Cards(count)
            with ldif.open("w", encoding="ascii") as file:
                file.writelines(cards.ldif())
        began = time.monotonic()
        while len(ours) < rounds:
            spent = time.monotonic() - began
            if ours and spent + spent / len(ours) > seconds:
                print(f"no time for more than {len(ours)} of {rounds} rounds", file=sys.stderr)
                break
            folder = Path(name) / f"round-{len(ours)}"
            print(f"round {len(ours) + 1} of {rounds}", file=sys.stderr)
            with phase("ldapadd"):
                theirs.append(await by_ldapadd(folder / "theirs", ldif))
            ours.append(await by_us(folder / "ours", cards, changes))
            shutil.rmtree(folder)
    return {"certificates": count, "rounds": len(ours), **figures(count, theirs, ours)}


def figures(count: int, theirs: list[float], ours: list[Ours]) -> dict[str, object]:
    """Medians of the rounds; a ratio above 1 is to our favour."""
    shown = sorted(each for one in ours for each in one.shown)
    return {
        "ldapadd_per_second": round(count / statistics.median(theirs)),
        "ours_per_second": round(count / statistics.median(each.filled for each in ours)),
        "ratio": median(a / b.filled for a, b in zip(theirs, ours, strict=True)),
        "compared_seconds": median(each.compared for each in ours),
        "read_once_seconds": median(each.read for each in ours),
        "ldapsearch_seconds": median(each.searched for each in ours),
        "compared_ratio": median(each.read / each.compared for each in ours),
        "memory_mib": median(each.memory / 2**20 for each in ours),
        "shown_p50_seconds": round(shown[len(shown) // 2], 3),
        "shown_p99_seconds": round(shown[len(shown) * 99 // 100], 3),
        "shown_changes": len(shown),
    }


def median(values: Iterable[float]) -> float:
    """To two decimals."""
    return round(statistics.median(values), 2)


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="certificates")
    parser.add_argument("--rounds", type=int, default=3, help="times each, in turns")
    parser.add_argument("--changes", type=int, default=200, help="single changes in each round")
    parser.add_argument("--seconds", type=float, default=1800, help="begin no round for longer")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} certificates, one round")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    if asked.quick:
        asked.count, asked.rounds, asked.changes = QUICK, 1, QUICK_CHANGES
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        work = measured(asked.count, asked.rounds, asked.changes, asked.seconds)
        found = runner.run(work)
    shown = {"ldap": found, "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
