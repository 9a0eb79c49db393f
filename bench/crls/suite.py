"""Sizes, rounds, and what is made of them."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.crls import data
from pki.der.crl import read_crl_frame

ROOT: Final = Path(__file__).resolve().parents[2]
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
QUICK: Final = (100_000,)
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A ratio over rounds; ``ours`` and ``reference`` are medians in ``unit``."""

    ratio: float
    min: float
    max: float
    n: int
    ours: float
    reference: float
    unit: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size: of each round, seconds of openssl's run and what our process said of itself."""

    entries: int
    openssl: Sequence[float]
    ours: Sequence[dict[str, Any]]

    def of(self, which: str, what: str) -> list[float]:
        """Seconds or octets of memory that making a CRL took, in each round."""
        return [each[which][what] for each in self.ours]

    def figure(self, ours: Sequence[float], reference: Sequence[float], unit: str) -> Figure:
        """Round by round."""
        ratios = [mine / other for mine, other in zip(ours, reference, strict=True)]
        return Figure(
            ratio=round(median(ratios), 4),
            min=round(min(ratios), 4),
            max=round(max(ratios), 4),
            n=len(ratios),
            ours=round(median(ours), 4),
            reference=round(median(reference), 4),
            unit=unit,
            entries=self.entries,
        )

    def figures(self) -> dict[str, Figure]:
        """The three that have bars are of entries that were kept; two are of all rows."""
        octets = [float(each["octets"]) for each in self.ours]
        kept, rows = self.of("after_a_change", "seconds"), self.of("from_rows", "seconds")
        kept_memory, rows_memory = (
            self.of(which, "memory") for which in ("after_a_change", "from_rows")
        )
        return {
            "time_ratio": self.figure(kept, self.openssl, "s"),
            "memory_ratio": self.figure(kept_memory, octets, "octets"),
            "rebuild_ratio": self.figure(kept, rows, "s"),
            "from_rows_time": self.figure(rows, self.openssl, "s"),
            "from_rows_memory": self.figure(rows_memory, octets, "octets"),
        }


def measure(count: int, rounds: int, folder: Path) -> Measured:
    """One size on both sides, in turn; their entries must be the same octets."""
    key, certificate = _ca(folder)
    made, store, empty = (folder / name for name in ("made.db", "round.db", "empty.db"))
    data.make_store(made, count)
    index, number, config = folder / "index.txt", folder / "number", folder / "openssl.cnf"
    data.make_index(index, count)
    number.write_text("01\n", "ascii")
    config.write_text(data.config_text(index, number), "ascii")
    theirs, mine = folder / "openssl.pem", folder / "ours.crl"
    seconds, ours = [], []
    for _ in range(rounds):
        seconds.append(_openssl(data.command(config, key, certificate, theirs)))
        _copy(made, store)
        data.make_store(empty, 0)
        urls = [f"sqlite:///{path}" for path in (store, empty)]
        ours.append(_ours([*urls, str(key), str(certificate), str(mine)]))
        _compare(theirs, mine, certificate)
        _remove(store, empty)
    _remove(made)
    return Measured(entries=count, openssl=seconds, ours=ours)


def _ours(arguments: Sequence[str]) -> dict[str, Any]:
    ours = subprocess.run(
        [sys.executable, "-m", "bench.crls.ours", *arguments],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    found: dict[str, Any] = json.loads(ours.stdout)
    return found


def _copy(made: Path, store: Path) -> None:
    """A store as it was made, on the disk: writing it back is not to be in the figures."""
    shutil.copyfile(made, store)
    with store.open("rb") as file:
        os.fsync(file.fileno())


def _remove(*stores: Path) -> None:
    for store in stores:
        for suffix in ("", "-wal", "-shm"):
            store.with_name(store.name + suffix).unlink(missing_ok=True)


def _openssl(command: Sequence[str]) -> float:
    start = time.perf_counter()
    _quiet(command)
    return time.perf_counter() - start


def _ca(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "ca.key", folder / "ca.pem"
    if not key.exists():
        made = ["-newkey", "rsa:4096", "-nodes", "-x509", "-days", "30", "-subj", "/CN=Bench CA"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        _quiet(["openssl", "req", *made, *usage, *files])
    return key, certificate


def _compare(theirs: Path, mine: Path, certificate: Path) -> None:
    """Both list the same, octet for octet, and openssl believes our signature."""
    der = theirs.with_suffix(".crl")
    crl = ["openssl", "crl", "-in"]
    _quiet([*crl, str(theirs), "-outform", "DER", "-out", str(der)])
    listed = [
        octets[read_crl_frame(octets).listed] for octets in (der.read_bytes(), mine.read_bytes())
    ]
    assert listed[0] == listed[1], "the two CRLs list different entries"
    told = _quiet([*crl, str(mine), "-inform", "DER", "-CAfile", str(certificate), "-noout"])
    assert "verify OK" in told


def _quiet(command: Sequence[str]) -> str:
    """Run a program that must succeed; what it said on standard error."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def main() -> int:
    """Measure and print; 0 also when a bar is missed, which the figures say."""
    parser = argparse.ArgumentParser(prog="bench/crl.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 entries only, under 50 s")
    parser.add_argument("--json", action="store_true", help="one object, of the largest size")
    parser.add_argument("--sizes", type=int, nargs="+", help="these numbers of entries")
    asked = parser.parse_args()
    sizes = asked.sizes or (QUICK if asked.quick else SIZES)
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory(prefix="bench-crl-") as folder:
        for count in sizes:
            print(f"{count} entries", file=sys.stderr)
            figures = measure(count, ROUNDS, Path(folder)).figures()
            if not asked.json:
                _print(figures)
    if asked.json:
        json.dump({name: asdict(each) for name, each in figures.items()}, sys.stdout, indent=2)
        print()
    return 0


def _print(figures: dict[str, Figure]) -> None:
    for name, each in figures.items():
        spread = f"[{each.min}-{each.max}] n={each.n}"
        figure = f"{each.ours} against {each.reference} {each.unit}"
        print(f"  {name:18} {each.ratio:8} {spread:28} {figure}")
