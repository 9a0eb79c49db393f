"""Load: wrk for everything that keeps running, ab where the number of requests must be fixed."""

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.status.machine import LOAD_CPU, cpu_seconds, environment, family, pinned

CONNECTIONS: Final = 32
_SHOWN: Final = re.compile(r"(\d+) requests in ([0-9.]+)(us|ms|s|m)")
_LATENCY: Final = re.compile(r"^\s+99%\s+([0-9.]+)(us|ms|s|m)$", re.MULTILINE)
_FAULTS: Final = re.compile(
    r"Non-2xx or 3xx responses|Socket errors: (?!connect 0, read 0, write 0,)"
)
"""What wrk calls a time-out took more than two seconds and is waited for: the latencies show it."""
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_LONGEST: Final = 600

# Whole requests, each after its length: wrk is ready for tens of thousands in no time, so that a
# round is nothing but load.
_SCRIPT: Final = """
local asked, n = {{}}, 0
function init(args)
  math.randomseed({seed})
  local file = io.open("{file}", "rb")
  local octets, at = file:read("*a"), 1
  file:close()
  while at < #octets do
    local high, low = octets:byte(at, at + 1)
    local length = high * 256 + low
    n = n + 1
    asked[n] = octets:sub(at + 2, at + 1 + length)
    at = at + 2 + length
  end
end
local at = 0
function request()
  {step}
  return asked[at]
end
"""


class Faulty(Exception):
    """A server refused, broke off, or answered with something else than was to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of load did, and what the server used for it."""

    requests: int
    seconds: float
    cpu_seconds: float
    p99: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second, by the wall clock."""
        return self.requests / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Requests for each second of the server's processor time."""
        return self.requests / self.cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where and what to ask: a URL, and bodies in turn or at random."""

    url: str
    bodies: Sequence[bytes]
    scattered: bool = False


def script(folder: Path, name: str, aim: Aim, *, close: bool = False) -> Path:
    """The wrk script that asks so; a single body is not even looked up."""
    requests = folder / f"{name}.requests"
    with requests.open("wb") as file:
        for body in aim.bodies:
            request = _request(aim.url, body, close=close)
            file.write(len(request).to_bytes(2, "big") + request)
    steps = {
        (1, False): "at = 1",
        (1, True): "at = 1",
        (0, False): "at = at % n + 1",
        (0, True): "at = math.random(n)",
    }
    written = folder / f"{name}.lua"
    step = steps[len(aim.bodies) == 1, aim.scattered]
    written.write_text(_SCRIPT.format(file=requests, seed=20261122, step=step))
    return written


def _request(url: str, body: bytes, *, close: bool) -> bytes:
    """What wrk itself would make of it."""
    host, _, path = url.removeprefix("http://").partition("/")
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", "Content-Type: application/ocsp-request"]
    if close:
        lines.append("Connection: close")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def wrk(url: str, asking: Path, *, server: int, seconds: float, cpu: str = LOAD_CPU) -> Round:
    """One round against the server with this process id.

    Raises:
        Faulty: an answer was not 200, or connections broke.
    """
    pids = family(server)
    before = cpu_seconds(pids)
    words = ("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_LONGEST}s", "--latency", "-s", asking, url)
    with subprocess.Popen(
        pinned(cpu, *words), stdout=subprocess.PIPE, text=True, env=environment()
    ) as running:
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(running)
        said, _ = running.communicate()
    used = cpu_seconds(pids) - before
    return _round(said, used)


def _end(running: subprocess.Popen[str]) -> None:
    """Interrupt it until it hears: wrk that is still reading its script goes to sleep after it."""
    while running.poll() is None:
        running.send_signal(signal.SIGINT)
        try:
            running.wait(1.0)
        except subprocess.TimeoutExpired:
            continue


def _round(said: str, used: float) -> Round:
    shown, fault = _SHOWN.search(said), _FAULTS.search(said)
    if shown is None or fault is not None:
        raise Faulty(said)
    latency = _LATENCY.search(said)
    return Round(
        requests=int(shown[1]),
        seconds=float(shown[2]) * _UNITS[shown[3]],
        cpu_seconds=used,
        p99=float(latency[1]) * _UNITS[latency[2]] if latency else 0.0,
    )


def ab(url: str, body: Path, *, server: int, requests: int) -> Round:
    """A fixed number of requests, each on a connection of its own.

    Raises:
        Faulty: some failed.
    """
    pids = family(server)
    before = cpu_seconds(pids)
    words = ("ab", "-q", "-n", requests, "-c", CONNECTIONS, "-p", body)
    done = subprocess.run(
        pinned(LOAD_CPU, *words, "-T", "application/ocsp-request", url),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=_LONGEST,
    )
    taken = re.search(r"Time taken for tests:\s+([0-9.]+) seconds", done.stdout)
    whole = re.search(r"Complete requests:\s+(\d+)", done.stdout)
    if taken is None or whole is None or int(whole[1]) != requests:
        raise Faulty(done.stdout + done.stderr)
    if "Non-2xx responses" in done.stdout:
        raise Faulty(done.stdout)
    return Round(requests=requests, seconds=float(taken[1]), cpu_seconds=cpu_seconds(pids) - before)
