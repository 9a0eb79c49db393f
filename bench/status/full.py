"""What takes longer: many certificates, latency at half load, other responders."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.status import nginx, openssl
from bench.status.asking import exchanged, posted
from bench.status.figures import Pair, figure
from bench.status.installation import Served, Wanted
from bench.status.load import Aim, Faulty, script, wrk
from bench.status.machine import SERVER_CPU, environment, family, pinned, resident_bytes

if TYPE_CHECKING:
    from bench.status.suite import Bench

Figures = dict[str, dict[str, object]]

FIXED: Final = 1000
"""Certificates of the working set that does not grow."""

SCATTERED: Final = 50_000
_LONGEST: Final = 600.0
_HALF_LOAD: Final = "\nfunction delay() return 1 end\n"


def growth(bench: "Bench", count: int) -> Figures:
    """A store of ``count`` certificates: start, memory, and a working set that does not grow."""
    bench.installation.fill(count, revoked_every=10)
    began = time.monotonic()
    with _serving(bench, count) as (served, peer):
        started = time.monotonic() - began
        memory = resident_bytes(family(served.pid))
        fixed = _beside_nginx(bench, served, peer, range(FIXED), scattered=False)
    measured = {"start_seconds": round(started, 2), "bytes_at_start": memory}
    return {f"growth_{count}": {**fixed, **measured, "certificates": count}}


def scattered(bench: "Bench", count: int) -> Figures:
    """A store of ``count`` certificates, of which tens of thousands are asked for at random."""
    bench.installation.fill(count, revoked_every=10)
    with _serving(bench, count) as (served, peer):
        step = max(1, count // SCATTERED)
        made = _beside_nginx(bench, served, peer, range(0, count, step), scattered=True)
    return {f"scattered_{count}": {**made, "certificates": count}}


@contextmanager
def _serving(bench: "Bench", count: int) -> Iterator[tuple[Served, int]]:
    """Our service, and an nginx whose answers are as long."""
    wanted = Wanted(cache=min(count, 2 * SCATTERED) + 100)
    folder = bench.folder / "nginx"
    with (
        bench.installation.serving(wanted) as served,
        nginx.serving(folder, bench.spare_port, octets=bench.size(served)) as peer,
    ):
        yield served, peer


def _beside_nginx(
    bench: "Bench", served: Served, peer: int, numbers: range, *, scattered: bool
) -> dict[str, object]:
    bodies = bench.installation.requests([each for each in numbers if each % 10 != 1])
    name = f"{'scattered' if scattered else 'fixed'}-{len(bodies)}"
    _ask_each(bench, served, bodies, name)
    asking = script(bench.folder, name, Aim(url=served.url, bodies=bodies, scattered=scattered))
    pairs = []
    for pair in range(bench.plan.pairs):
        ours = wrk(served.url, asking, server=served.pid, seconds=bench.plan.seconds)
        theirs = wrk(bench.spare_url, asking, server=peer, seconds=bench.plan.seconds)
        pairs.append(Pair(ours=ours.cpu_rate, reference=theirs.cpu_rate))
        bench.told(name, pair, pairs[-1])
    return figure(pairs, "nginx, static body, keep-alive, the same requests", answers=len(bodies))


def _ask_each(bench: "Bench", served: Served, bodies: Sequence[bytes], name: str) -> None:
    """Until every answer is kept, and every request known by its octets."""
    turn = script(bench.folder, f"{name}-turn", Aim(url=served.url, bodies=bodies))
    until = time.monotonic() + _LONGEST
    known = False
    while not known:
        known = _kept(served) >= len(bodies)
        try:
            wrk(served.url, turn, server=served.pid, seconds=max(1.0, len(bodies) / 5000))
        except Faulty:
            # Some took too long; what counts is that all are kept in the end.
            bench.say("the first answers are slow here")
        bench.say(f"{_kept(served):,} of {len(bodies):,} answers are kept")
        if time.monotonic() > until:
            raise Faulty("answers are not kept")


def _kept(served: Served) -> int:
    """Answers kept, by the service's own metrics."""
    for line in exchanged(served.metrics_port, "GET", "/metrics")[1].decode().splitlines():
        if line.startswith("zorgid_ocsp_cache_entries "):
            return int(float(line.split()[1]))
    raise AssertionError("no metric of kept answers")


def half_load(bench: "Bench") -> Figures:
    """Latency while both answer the same number of requests, about half of what they can."""
    bodies = bench.installation.requests([0])
    with (
        bench.installation.serving() as served,
        nginx.serving(bench.folder / "nginx", bench.spare_port, octets=bench.size(served)) as peer,
    ):
        pairs, tails = [], []
        for pair in range(bench.plan.pairs):
            found = []
            for url, pid in ((served.url, served.pid), (bench.spare_url, peer)):
                asking = script(bench.folder, f"half-{pid}", Aim(url=url, bodies=bodies))
                with asking.open("a") as file:
                    file.write(_HALF_LOAD)
                found.append(wrk(url, asking, server=pid, seconds=bench.plan.seconds))
            ours, theirs = found
            if not (ours.p99 and theirs.p99):
                raise Faulty("no latency was taken: the load had too little of its processor")
            pairs.append(Pair(ours=1 / ours.p99, reference=1 / theirs.p99))
            tails.append((round(ours.p99 * 1e3, 2), round(theirs.p99 * 1e3, 2), round(ours.rate)))
            bench.told("half load, 1/p99", pair, pairs[-1])
    what = "1 / p99 in seconds of nginx, each connection pausing 1 ms"
    return {"p99_half_load": figure(pairs, what, milliseconds_ours_nginx_and_rate=tails)}


def cfssl(bench: "Bench") -> Figures:
    """Our kept answers against cfssl's, which were signed before it started."""
    folder = bench.folder / "cfssl"
    folder.mkdir(exist_ok=True)
    openssl.make(folder)
    responses = folder / "responses"
    words = ("-ca", "ca.pem", "-responder", "ocsp.pem", "-responder-key", "ocsp.key")
    signed = _cfssl(folder, "ocspsign", *words, "-cert", "card.pem", "-status", "good")
    responses.write_text(json.loads(signed)["ocspResponse"] + "\n")
    port = bench.spare_port + 1
    serving = ("ocspserve", "-address", "127.0.0.1", "-port", str(port), "-responses", "responses")
    process = subprocess.Popen(
        pinned(SERVER_CPU, "cfssl", *serving),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with bench.installation.serving() as served:
            pairs = _against_cfssl(bench, served, process.pid, (folder / "asked.der").read_bytes())
    finally:
        process.kill()
        process.wait()
    what = "cfssl ocspserve, keep-alive: requests for each second of the server's processor time"
    return {"cfssl": figure(pairs, what)}


def _against_cfssl(bench: "Bench", served: Served, pid: int, body: bytes) -> list[Pair]:
    port = bench.spare_port + 1
    url = f"http://127.0.0.1:{port}/"
    assert len(base64.b64encode(posted(port, "/", body))) > 1, "cfssl gave no answer"
    ours = script(
        bench.folder, "ours", Aim(url=served.url, bodies=bench.installation.requests([0]))
    )
    theirs = script(bench.folder, "theirs", Aim(url=url, bodies=[body]))
    pairs = []
    for pair in range(bench.plan.pairs):
        mine = wrk(served.url, ours, server=served.pid, seconds=bench.plan.seconds)
        other = wrk(url, theirs, server=pid, seconds=bench.plan.seconds)
        pairs.append(Pair(ours=mine.cpu_rate, reference=other.cpu_rate))
        bench.told("cfssl", pair, pairs[-1])
    return pairs


def _cfssl(folder: object, *words: str) -> str:
    done = subprocess.run(
        pinned(SERVER_CPU, "cfssl", *words),
        cwd=str(folder),
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
