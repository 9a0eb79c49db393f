"""Certificates into an empty directory, beside `ldapadd -f` of the same entries in the same run.

Ours reads each entry, adds it and reads it back. Then everything is compared again with nothing to
change, beside reading each entry once. Every run has a new slapd of its own, on loopback.

    python bench/ldap.py [--count 100000] [--rounds 3] [--quick] [--json]
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind a script of that name.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from bench.directory.data import BASE, Cards  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above
from ldap_publish.directory import LdapDirectory, LdapServer  # noqa: E402 -- see above
from ldap_publish.entry import card_dn  # noqa: E402 -- see above
from ldap_publish.publisher import Publisher  # noqa: E402 -- see above
from ldap_publish.slapd import PrivateSlapd, SlapdPlace  # noqa: E402 -- see above
from ldap_publish.upkeep import Upkeep  # noqa: E402 -- see above
from pki.ports import SystemEntropy  # noqa: E402 -- see above

SCHEMA = ROOT / "config" / "ldap" / "zorgid.schema"
QUICK = 2000


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
        secret = folder / "secret"
        secret.write_text(running.password())
        secret.chmod(0o600)
        login = ("-x", "-H", running.writer_url, "-D", running.bind_dn, "-y", str(secret))
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            "ldapadd", *login, "-f", str(ldif), stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise SystemExit("ldapadd failed")
        return time.monotonic() - began


async def by_us(folder: Path, cards: Cards) -> tuple[float, float, float]:
    """Seconds for making everything, for comparing it, and for reading each entry once."""
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
        await directory.close()
    if upkeep.set_aside or made.changed < len(cards.cards) or again.changed:
        raise SystemExit("the directory does not hold what it must")
    return filled - began, compared - filled, read - compared


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


async def measured(count: int, rounds: int) -> dict[str, object]:
    """Both in turns, so that what the machine does besides is the same for both."""
    cards, theirs, ours = Cards(count), [], []
    with tempfile.TemporaryDirectory(prefix="zorgid-ldap-") as name:
        ldif = Path(name) / "cards.ldif"
        ldif.write_text("".join(cards.ldif()))
        for number in range(rounds):
            theirs.append(await by_ldapadd(Path(name) / f"theirs-{number}", ldif))
            ours.append(await by_us(Path(name) / f"ours-{number}", cards))
            print(
                f"round {number + 1} of {rounds}: {theirs[-1]:.1f} s, {ours[-1]}", file=sys.stderr
            )
    ldapadd = statistics.median(theirs)
    filled, compared, read = (statistics.median(each) for each in zip(*ours, strict=True))
    return {
        "certificates": count,
        "rounds": rounds,
        "ldapadd_per_second": round(count / ldapadd),
        "ours_per_second": round(count / filled),
        "ratio": round(statistics.median(a / b[0] for a, b in zip(theirs, ours, strict=True)), 2),
        "compared_seconds": round(compared, 2),
        "read_once_seconds": round(read, 2),
    }


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="certificates")
    parser.add_argument("--rounds", type=int, default=3, help="times each, in turns")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} certificates, one round")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    count, rounds = (QUICK, 1) if asked.quick else (asked.count, asked.rounds)
    shown = {"ldap": asyncio.run(measured(count, rounds)), "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
