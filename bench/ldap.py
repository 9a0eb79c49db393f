"""Certificates into an empty directory, beside `ldapadd -f` of the same entries in the same run.

Ours reads each entry, adds it and reads it back. Then everything is compared again with nothing to
change, beside reading each entry once, and beside `ldapsearch` of all. At last single changes are
timed from commit to sight. Every run has a new slapd of its own, on loopback.

    python bench/ldap.py [--count 100000] [--rounds 3] [--changes 200] [--quick] [--json]
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind a script of that name.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from bench.directory.data import BASE, Cards  # noqa: E402 -- see above
from bench.directory.visible import until_shown  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above
from ldap_publish.directory import LdapDirectory, LdapServer  # noqa: E402 -- see above
from ldap_publish.entry import card_dn  # noqa: E402 -- see above
from ldap_publish.publisher import Publisher  # noqa: E402 -- see above
from ldap_publish.slapd import PrivateSlapd, SlapdPlace  # noqa: E402 -- see above
from ldap_publish.upkeep import Upkeep  # noqa: E402 -- see above
from pki.ports import SystemEntropy  # noqa: E402 -- see above

SCHEMA = ROOT / "config" / "ldap" / "zorgid.schema"
QUICK, QUICK_CHANGES = 2000, 20


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
    """Seconds: making everything, comparing it, reading it; and each change until it showed."""

    filled: float
    compared: float
    read: float
    searched: float
    shown: list[float]


async def by_us(folder: Path, cards: Cards, changes: int) -> Ours:
    """Fill a directory, compare it, read it, and change it; it must hold what it must."""
    async with slapd(folder) as running:
        server = LdapServer(
            url=running.writer_url, bind_dn=running.bind_dn, password=running.password()
        )
        directory = LdapDirectory(server)
        upkeep = Upkeep(facts=cards, publisher=Publisher(directory, cards.tree), tree=cards.tree)
        began = time.monotonic()
        made = await upkeep.reconcile()
        filled = time.monotonic()
        again = await upkeep.reconcile()
        compared = time.monotonic()
        await read_once(directory, cards)
        read = time.monotonic()
        searched = await timed(folder, running, "ldapsearch", "-LLL", "-b", BASE)
        shown = await until_shown(folder, directory, running.url, cards, changes)
        await directory.close()
    if upkeep.set_aside or made.changed < len(cards.cards) or again.changed:
        raise SystemExit("the directory does not hold what it must")
    return Ours(
        filled=filled - began,
        compared=compared - filled,
        read=read - compared,
        searched=searched,
        shown=shown,
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


async def measured(count: int, rounds: int, changes: int) -> dict[str, object]:
    """Both in turns, so that what the machine does besides is the same for both."""
    cards, theirs, ours = Cards(count), [], []
    with tempfile.TemporaryDirectory(prefix="zorgid-ldap-") as name:
        ldif = Path(name) / "cards.ldif"
        ldif.write_text("".join(cards.ldif()))
        for number in range(rounds):
            theirs.append(await by_ldapadd(Path(name) / f"theirs-{number}", ldif))
            ours.append(await by_us(Path(name) / f"ours-{number}", cards, changes))
            print(
                f"round {number + 1} of {rounds}: {theirs[-1]:.1f} s, {ours[-1].filled:.1f} s",
                file=sys.stderr,
            )
    ldapadd = statistics.median(theirs)
    shown = sorted(each for one in ours for each in one.shown)
    return {
        "certificates": count,
        "rounds": rounds,
        "ldapadd_per_second": round(count / ldapadd),
        "ours_per_second": round(count / median(each.filled for each in ours)),
        "ratio": median(a / b.filled for a, b in zip(theirs, ours, strict=True)),
        "compared_seconds": median(each.compared for each in ours),
        "read_once_seconds": median(each.read for each in ours),
        "ldapsearch_seconds": median(each.searched for each in ours),
        "compared_ratio": median(each.read / each.compared for each in ours),
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
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} certificates, one round")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    wanted = (
        (QUICK, 1, QUICK_CHANGES) if asked.quick else (asked.count, asked.rounds, asked.changes)
    )
    shown = {"ldap": asyncio.run(measured(*wanted)), "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
