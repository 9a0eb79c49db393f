"""How fast answers are signed before they are asked for, by two workers on two processors."""

import time
from typing import TYPE_CHECKING, Final

from bench.status import signing
from bench.status.asking import exchanged
from bench.status.figures import Pair, figure
from bench.status.installation import Served, Wanted
from bench.status.machine import BOTH_CPUS, cpu_seconds, family, resident_bytes
from pki.domain.algorithms import KeyType

if TYPE_CHECKING:
    from bench.status.suite import Bench

CERTIFICATES: Final = 250_000
FORMS: Final = ("sha1", "sha256")
WORKERS: Final = 2
EACH: Final = CERTIFICATES * len(FORMS)
"""Answers of one worker: a million together."""

_ROUNDS: Final = 3
_LONGEST: Final = 600


def presigning(bench: "Bench") -> dict[str, dict[str, object]]:
    """A million answers to SHA-1 and SHA-256 CertIDs, beside twice the bare signing rate.

    Both by processor time, as all figures here: two whole processors would do twice what one
    second of it does.
    """
    bench.installation.fill(CERTIFICATES)
    private = signing.key(KeyType.P256)
    pairs, walls, octets = [], [], []
    for pair in range(min(_ROUNDS, bench.plan.pairs)):
        with bench.installation.serving(
            Wanted(cpus=BOTH_CPUS, workers=WORKERS, cache=EACH, presign=FORMS)
        ) as served:
            rate, seconds, memory = _round(served)
        bare = signing.bare_rate(private, bench.plan.signing_seconds)
        pairs.append(Pair(ours=rate, reference=WORKERS * bare))
        walls.append(round(seconds, 1))
        octets.append(round(memory))
        bench.told("signed early", pair, pairs[-1])
    return {
        "presigning": figure(
            pairs,
            "twice the signatures of the bare p-256 key, for each second of processor time",
            answers=WORKERS * EACH,
            seconds_wall=walls,
            bytes_per_answer=octets,
        )
    }


def _round(served: Served) -> tuple[float, float, float]:
    """Answers for each second of two processors, seconds for a million, octets for each."""
    pids = family(served.pid)
    until = time.monotonic() + _LONGEST
    before = (_signed(served), cpu_seconds(pids), time.monotonic(), resident_bytes(pids))
    while _signed(served) < WORKERS * EACH:
        assert time.monotonic() < until, "answers are not signed early"
        time.sleep(0.5)
    done = WORKERS * EACH - before[0]
    seconds = time.monotonic() - before[2]
    rate = WORKERS * done / (cpu_seconds(pids) - before[1])
    return rate, seconds * WORKERS * EACH / done, (resident_bytes(pids) - before[3]) / done


def _signed(served: Served) -> int:
    """By all workers, by the service's own metrics."""
    lines = exchanged(served.metrics_port, "GET", "/metrics")[1].decode().splitlines()
    found = (line for line in lines if line.startswith("zorgid_ocsp_signed_early"))
    return sum(int(float(line.split()[-1])) for line in found)
