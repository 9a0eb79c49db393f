"""A practice installation with as many certificates as are wanted, and the program serving it."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.status.asking import exchanged, posted
from bench.status.load import Faulty
from bench.status.machine import BOTH_CPUS, SERVER_CPU, compiling_into, family, pinned, prefer
from pki.api.fields import from_pem
from pki.der.certificate import read_certificate
from pki.der.ocsp import OcspResponse, encode_request, make_cert_id, read_response
from pki.domain.status import Good
from pki.ports import SystemEntropy
from server.demo.stage import choose_ports

ROOT: Final = Path(__file__).resolve().parents[2]
"""`-m server.cli` runs what stands in this folder, wherever another copy is installed."""

ISSUER: Final = "token-ca-g1"
START_SECONDS: Final = 120.0
_METRICS_OF_STATUS: Final = 7
_BATCH: Final = 100_000
_YEAR_2026: Final = 1_767_225_600_000_000
_YEAR_2030: Final = 1_893_456_000_000_000
_ORDER: Final = """
CREATE TEMP TABLE wanted AS
WITH RECURSIVE number (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :end)
SELECT n, CAST(printf('%08x%012x', n * :factor % :prime, n) AS BLOB) AS serial
FROM number WHERE :first < :end ORDER BY serial
"""
_ROWS: Final = """
INSERT INTO certificates (serial, issuer, card_id, tbs, profile, key_sha256, created_at,
  lease_until, not_before, not_after, der, status, status_at, status_reason)
SELECT serial, :issuer, substr(hex(serial), 1, 32), x'30', 'bench', serial, :begin,
  :begin, :begin, :end, x'30',
  iif(bad, 'revoked', 'good'), iif(bad, :begin, NULL), iif(bad, 4, NULL)
FROM (SELECT serial, :every > 0 AND n % max(:every, 1) = 1 AS bad
  FROM wanted WHERE rowid > :after LIMIT :batch)
"""
_PRIME: Final = 4_294_967_291
_FACTOR: Final = 2_654_435_761


def serial(number: int) -> int:
    """The serial of certificate ``number``: 20 octets, scattered as those of a CA are.

    `_ORDER` says the same in SQL. No two fall together: the first half of it is a permutation.
    """
    return int.from_bytes(b"%08x%012x" % (number * _FACTOR % _PRIME, number), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A status service that was started."""

    port: int
    metrics_port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/ocsp"

    @property
    def pid(self) -> int:
        """Its process, or that of the supervisor."""
        return self.process.pid

    def wait(self) -> None:
        """Until it is ready.

        Raises:
            Faulty: it ended, or took too long.
        """
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if exchanged(self.metrics_port, "GET", "/readyz")[0] == HTTPStatus.OK:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            said = self.log.read_text("utf-8", "replace")[-2000:]
            raise Faulty(f"the server did not become ready: {said}")
        for each in family(self.pid):
            prefer(each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a status service is to be started: its responder key, processors, workers, cache.

    ``place``: which of several that run beside each other it is, each on ports of its own.
    """

    key: str = "p-256"
    cpus: str = SERVER_CPU
    workers: int = 1
    cache: int = 200_000
    presign: Sequence[str] = ()
    place: int = 0


class Installation:
    """Made by `zorgid init` in an empty folder; ``count`` good certificates of the Token CA."""

    def __init__(self, folder: Path) -> None:
        self.ports = choose_ports(None, SystemEntropy())
        self._blocks = [self.ports.base]
        self._environment = compiling_into(folder / "compiled")
        self.folder = folder / "installation"
        self._make()
        pem = (self.folder / "ca" / f"{ISSUER}.pem").read_text()
        self._ca = read_certificate(from_pem(pem)).content
        self.count = 0

    def _make(self) -> None:
        self._run("init", str(self.folder), "--port-base", str(self.ports.base))

    @property
    def store(self) -> Path:
        """The database."""
        return self.folder / "store" / "zorgid.sqlite3"

    @property
    def ca_file(self) -> Path:
        """The Token CA's certificate."""
        return self.folder / "ca" / f"{ISSUER}.pem"

    def request(self, number: int, nonce: bytes | None = None) -> bytes:
        """What asks for the status of certificate ``number``."""
        cert_id = make_cert_id(self._ca.subject_der, self._ca.public_key, serial(number))
        return encode_request([cert_id], nonce)

    def requests(self, numbers: Sequence[int]) -> list[bytes]:
        """What asks for each of these."""
        return [self.request(number) for number in numbers]

    def nonces(self, certificates: int, count: int) -> list[bytes]:
        """Requests that each have a nonce of their own, for so many certificates in turn."""
        nonce = SystemEntropy()
        return [self.request(each % certificates, nonce.octets(32)) for each in range(count)]

    def answer(self, served: Served, number: int) -> bytes:
        """The response about certificate ``number``, which must say that it is good."""
        der = posted(served.port, "/ocsp", self.request(number))
        read = read_response(der)
        assert isinstance(read, OcspResponse), read
        assert isinstance(read.singles[0].status, Good), read
        return der

    def fill(self, count: int, *, revoked_every: int = 0) -> None:
        """Make it know ``count`` certificates: rows as issuing leaves them, without the issuing.

        In the order of their serials, since ten millions would take an hour in any other.
        """
        with closing(sqlite3.connect(self.store)) as store:
            for pragma in ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
                store.execute(f"PRAGMA {pragma}")
            wanted = {"first": self.count, "end": count, "factor": _FACTOR, "prime": _PRIME}
            store.execute(_ORDER, wanted)
            row = {
                "issuer": ISSUER,
                "begin": _YEAR_2026,
                "end": _YEAR_2030,
                "every": revoked_every,
                "batch": _BATCH,
            }
            for start in range(0, max(0, count - self.count), _BATCH):
                with store:
                    store.execute(_ROWS, row | {"after": start})
        self.count = max(self.count, count)

    @contextmanager
    def issuing(self) -> Iterator[None]:
        """The process that certifies responder keys; it is not measured and idle otherwise."""
        config = self._config("issuing.toml", {r'^mode = "private"': 'mode = "off"'})
        ports = self.ports.base, self.ports.base + 3
        with self._starting("issuance", config, ports=ports, cpus=BOTH_CPUS) as served:
            served.wait()
            yield

    @contextmanager
    def serving(self, wanted: Wanted | None = None) -> Iterator[Served]:
        """The status service alone, ready."""
        with self.starting(wanted or Wanted()) as served:
            served.wait()
            yield served

    @contextmanager
    def starting(self, wanted: Wanted) -> Iterator[Served]:
        """The same, not ready yet."""
        while len(self._blocks) <= wanted.place:
            self._blocks.append(choose_ports(None, SystemEntropy()).base)
        port = self._blocks[wanted.place]
        metrics = port + _METRICS_OF_STATUS
        section = f'[status]\nresponder_key = {{ type = "{wanted.key}" }}'
        section += f"\ncache_entries = {wanted.cache}\npresign = {list(wanted.presign)}"
        config = self._config(
            f"status-{wanted.place}.toml",
            {
                r"^\[status\]$": section,
                rf'^listen = "127\.0\.0\.1:{self.ports.base}"': f'listen = "127.0.0.1:{port}"',
                rf"127\.0\.0\.1:{self.ports.base + 3}": f"127.0.0.1:{metrics}",
            },
        )
        more = ("--workers", str(wanted.workers)) if wanted.workers > 1 else ()
        ports = port, metrics
        with self._starting("status", config, *more, ports=ports, cpus=wanted.cpus) as served:
            yield served

    def _config(self, name: str, changes: dict[str, str]) -> Path:
        text = (self.folder / "zorgid.toml").read_text()
        text = re.sub(r"^(cache_entries|presign) = .*\n", "", text, flags=re.MULTILINE)
        for old, new in changes.items():
            text, found = re.subn(old, new, text, count=1, flags=re.MULTILINE)
            assert found, f"not in the configuration: {old}"
        path = self.folder / name
        path.write_text(text)
        return path

    @contextmanager
    def _starting(
        self, role: str, config: Path, *more: str, ports: tuple[int, int], cpus: str
    ) -> Iterator[Served]:
        words = ("serve", "--config", config, "--role", role, *more)
        log = config.with_suffix(".log")
        with log.open("ab") as file:
            process = subprocess.Popen(
                pinned(cpus, sys.executable, "-m", "server.cli", *words),
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=ROOT,
            )
        port, metrics = ports
        try:
            yield Served(port=port, metrics_port=metrics, process=process, log=log)
        finally:
            process.terminate()
            process.wait(START_SECONDS)

    def _run(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            check=True,
            capture_output=True,
            env=self._environment,
            cwd=ROOT,
        )
