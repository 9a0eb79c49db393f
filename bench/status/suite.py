"""What is measured, in which order, and how it is shown."""

import argparse
import importlib
import json
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.status import nginx, openssl, signing
from bench.status.figures import Pair, figure
from bench.status.installation import Installation, Served, Wanted
from bench.status.keys import CACHED, LONGER, every_key, is_known, is_longer, size
from bench.status.keys import QUICK as QUICK_KEYS
from bench.status.load import Aim, Faulty, ab, script, wrk
from bench.status.machine import BOTH_CPUS, DEBIAN, QUICK, Missing, described, need
from pki.domain.algorithms import KeyType

Figures = dict[str, dict[str, object]]

_NONCES: Final = 2000
_SIGNED_FOR: Final = 100
_OPENSSL_REQUESTS: Final = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long each round is and how many pairs are made."""

    pairs: int
    seconds: float

    @property
    def signing_seconds(self) -> float:
        """A bare signing round varies little."""
        return self.seconds / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where it happens."""

    plan: Plan
    folder: Path
    installation: Installation
    say: Callable[[str], None]

    @property
    def spare_port(self) -> int:
        """A port of the installation's block that it does not use alone."""
        return self.installation.ports.base + 5

    def cached(self, served: Served, keys: Collection[str]) -> Figures:
        """One kept answer, over kept connections and over new ones, beside nginx and openssl."""
        asked = Aim(url="", bodies=self.installation.requests([0]))
        size = self.size(served)
        with nginx.serving(self.folder / "nginx", self.spare_port, octets=size) as peer:
            parts = {
                "cached_keepalive": partial(self._beside_nginx, served, peer, asked, close=False),
                "cached_close": partial(self._beside_nginx, served, peer, asked, close=True),
                "openssl_ocsp": partial(self._beside_openssl, served, asked),
            }
            return {key: parts[key]() for key in CACHED if key in keys}

    def two_workers(self, served: Served) -> Figures:
        """Both processors for each server, and the load on the same two."""
        asked = self.installation.requests([0])
        folder, size = self.folder / "nginx2", self.size(served)
        with nginx.serving(folder, self.spare_port, octets=size, workers=2) as peer:
            pairs = []
            for pair in range(self.plan.pairs):
                rates = []
                for url, pid in ((served.url, served.pid), (self.spare_url, peer)):
                    asking = script(self.folder, "two", Aim(url=url, bodies=asked))
                    done = wrk(url, asking, server=pid, seconds=self.plan.seconds, cpu=BOTH_CPUS)
                    rates.append(done.rate)
                pairs.append(Pair(ours=rates[0], reference=rates[1]))
                self.told("two workers", pair, pairs[-1])
        return {"two_workers": figure(pairs, "nginx with two workers, requests a second")}

    def signed(self, served: Served, name: str, kind: KeyType) -> Figures:
        """Each request with a nonce of its own: nothing is kept, everything is signed."""
        bodies = self.installation.nonces(_SIGNED_FOR, _NONCES)
        private = signing.key(kind)
        asking = script(self.folder, name, Aim(url=served.url, bodies=bodies))
        wrk(served.url, asking, server=served.pid, seconds=self.plan.seconds / 2)
        pairs = []
        for pair in range(self.plan.pairs):
            done = wrk(served.url, asking, server=served.pid, seconds=self.plan.seconds)
            bare = signing.bare_rate(private, self.plan.signing_seconds)
            pairs.append(Pair(ours=done.cpu_rate, reference=bare))
            self.told(name, pair, pairs[-1])
        what = f"signatures by the bare {kind.value} key, for each second of processor time"
        return {name: figure(pairs, what)}

    @property
    def spare_url(self) -> str:
        """Where nginx answers."""
        return f"http://127.0.0.1:{self.spare_port}/ocsp"

    def size(self, served: Served) -> int:
        """Octets of one of our answers."""
        return len(self.installation.answer(served, 0))

    def _beside_nginx(
        self, served: Served, peer: int, asked: Aim, *, close: bool
    ) -> dict[str, object]:
        name = "close" if close else "keep-alive"
        asking = {
            url: script(
                self.folder, f"{name}-{pid}", Aim(url=url, bodies=asked.bodies), close=close
            )
            for url, pid in ((served.url, served.pid), (self.spare_url, peer))
        }
        pairs, walls, tails = [], [], []
        for pair in range(self.plan.pairs):
            ours = wrk(served.url, asking[served.url], server=served.pid, seconds=self.plan.seconds)
            walls.append(ours.rate)
            tails.append(ours.p99 * 1000)
            theirs = wrk(
                self.spare_url, asking[self.spare_url], server=peer, seconds=self.plan.seconds
            )
            pairs.append(Pair(ours=ours.cpu_rate, reference=theirs.cpu_rate))
            self.told(name, pair, pairs[-1])
        what = (
            f"nginx, static body, {name}: requests for each second of the server's processor time"
        )
        return figure(
            pairs, what, ours_wall_per_s=round(median(walls)), p99_ms=round(median(tails), 2)
        )

    def _beside_openssl(self, served: Served, asked: Aim) -> dict[str, object]:
        asking = script(self.folder, "openssl", Aim(url=served.url, bodies=asked.bodies))
        pairs = []
        for pair in range(self.plan.pairs):
            ours = wrk(served.url, asking, server=served.pid, seconds=self.plan.seconds / 2)
            with openssl.serving(self.folder / "openssl", self.spare_port + 1) as peer:
                theirs = ab(peer.url, peer.body, server=peer.pid, requests=_OPENSSL_REQUESTS)
            pairs.append(Pair(ours=ours.rate, reference=theirs.rate))
            self.told("openssl ocsp", pair, pairs[-1])
        return figure(pairs, "openssl ocsp, P-256, one certificate, requests a second")

    def told(self, name: str, pair: int, made: Pair) -> None:
        """Show how it goes."""
        self.say(
            f"{name} {pair + 1}/{self.plan.pairs}: {made.ours:,.0f} against"
            f" {made.reference:,.0f}, ratio {made.ratio:.2f}"
        )


P256: Final = Wanted()
RSA: Final = Wanted(key="rsa-2048", place=1)
TWO: Final = Wanted(cpus=BOTH_CPUS, workers=2, place=2)


def _quick(
    bench: Bench, keys: Collection[str]
) -> Mapping[str, tuple[Wanted, Callable[[Served], Figures]]]:
    """What is measured also at a quick look, and of which service."""
    cached = [key for key in CACHED if key in keys]
    found: dict[str, tuple[Wanted, Callable[[Served], Figures]]] = {
        "signed_p256": (P256, lambda served: bench.signed(served, "signed_p256", KeyType.P256)),
        "signed_rsa2048": (
            RSA,
            lambda served: bench.signed(served, "signed_rsa2048", KeyType.RSA_2048),
        ),
        "two_workers": (TWO, bench.two_workers),
    }
    chosen = {name: part for name, part in found.items() if name in keys}
    if cached:
        chosen = {"cached": (P256, partial(bench.cached, keys=cached)), **chosen}
    return chosen


def _longer(bench: Bench, keys: Collection[str]) -> Mapping[str, Callable[[], Figures]]:
    """What takes longer, each with services of its own; none at a quick look."""
    if not any(is_longer(key) for key in keys):
        return {}
    # Their modules load a third of the project, which would be most of a quick look's beginning.
    full, others = (importlib.import_module(f"bench.status.{each}") for each in ("full", "others"))
    parts = dict(others.parts(bench))
    for key in sorted(keys, key=size):
        if size(key):
            measured = full.growth if key.startswith("growth") else full.scattered
            parts[key] = partial(measured, bench, size(key))
    return {part: made for part, made in parts.items() if part in keys}


def say(text: str) -> None:
    """How it goes, on standard error."""
    print(text, file=sys.stderr, flush=True)


def measure(plan: Plan, keys: Collection[str]) -> tuple[Figures, bool]:
    """The figures with these keys, and whether all of them could be measured."""
    with tempfile.TemporaryDirectory(prefix="zorgid-bench-") as name:
        folder = Path(name)
        installation = Installation(folder)
        installation.fill(1000)
        bench = Bench(plan=plan, folder=folder, installation=installation, say=say)
        longer = _longer(bench, keys)
        with installation.issuing():
            figures, whole = _measured_quickly(bench, keys)
            for part in longer:
                whole &= _measured(figures, part, longer[part])
    return figures, whole


def _measured_quickly(bench: Bench, keys: Collection[str]) -> tuple[Figures, bool]:
    """Services start beside each other, and are idle while another one is measured."""
    figures: Figures = {}
    whole = True
    parts = _quick(bench, keys)
    with ExitStack() as stack:
        places = {wanted.place: wanted for wanted, _ in parts.values()}
        served = {
            place: stack.enter_context(bench.installation.starting(wanted))
            for place, wanted in places.items()
        }
        for each in served.values():
            each.wait()
        for name, (wanted, part) in parts.items():
            whole &= _measured(figures, name, partial(part, served[wanted.place]))
    return figures, whole


def _measured(figures: Figures, name: str, part: Callable[[], Figures]) -> bool:
    try:
        figures.update(part())
    except Faulty as problem:
        say(f"{name} not measured: {problem}")
        return False
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="below 50 seconds")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--only", default="", help="keys of figures, with commas between")
    parser.add_argument(
        "--certificates", default="1000,100000", help="sizes of the store; up to 10000000"
    )
    asked = parser.parse_args()
    sizes = [] if asked.quick else [int(each) for each in asked.certificates.split(",")]
    asked.keys = asked.only.split(",") if asked.only else every_key(sizes)
    unknown = [key for key in asked.keys if not is_known(key)]
    if unknown:
        there = ", ".join((*QUICK_KEYS, *LONGER, "growth_N", "scattered_N"))
        parser.error(f"no such figure: {', '.join(unknown)}; there are {there}")
    return asked


def main() -> int:
    """Measure, and print what was found: 0 all of it, 1 a part, 3 this machine lacks something."""
    asked = _arguments()
    plan = Plan(pairs=5, seconds=0.45) if asked.quick else Plan(pairs=7, seconds=2.0)
    try:
        need(tuple(DEBIAN) if any(map(is_longer, asked.keys)) else QUICK)
        say(json.dumps(described(), indent=None if asked.json else 2))
        figures, whole = measure(plan, asked.keys)
    except (Missing, Faulty) as problem:
        say(f"not measured: {problem}")
        return 3
    print(json.dumps(figures, indent=None if asked.json else 2))
    return 0 if whole else 1
