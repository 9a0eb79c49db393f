"""A practice installation with as many certificates as are wanted, and the program serving it."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.status.asking import exchanged, posted
from bench.status.load import Faulty
from bench.status.machine import SERVER_CPU, environment, family, pinned, prefer
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
_LEFT_FREE: Final = 1 << 156
_YEAR_2026: Final = 1_767_225_600_000_000
_YEAR_2030: Final = 1_893_456_000_000_000
_ROW: Final = (
    "INSERT INTO certificates (serial, issuer, card_id, tbs, profile, key_sha256, created_at,"
    " lease_until, not_before, not_after, der, status, status_at, status_reason)"
    " VALUES (?, ?, ?, x'30', 'bench', ?, ?, ?, ?, ?, x'30', ?, ?, ?)"
)


def serial(number: int) -> int:
    """The serial of certificate ``number``: scattered, as those of a CA are."""
    digest = sha256(b"bench %d" % number).digest()
    return _LEFT_FREE + int.from_bytes(digest[:19], "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running status service."""

    url: str
    pid: int
    metrics: str


class Installation:
    """Made by `zorgid init` in an empty folder; ``count`` good certificates of the Token CA."""

    def __init__(self, folder: Path) -> None:
        self.ports = choose_ports(None, SystemEntropy())
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

    def answer(self, number: int) -> bytes:
        """The response about certificate ``number``, which must say that it is good."""
        der = posted(self.ports.base, "/ocsp", self.request(number))
        read = read_response(der)
        assert isinstance(read, OcspResponse), read
        assert isinstance(read.singles[0].status, Good), read
        return der

    def fill(self, count: int, *, revoked_every: int = 0) -> None:
        """Make it know ``count`` certificates: rows as issuing leaves them, without the issuing."""
        with closing(sqlite3.connect(self.store)) as store:
            store.execute("PRAGMA synchronous = OFF")
            for start in range(self.count, count, _BATCH):
                rows = (
                    _row(number, revoked=bool(revoked_every) and number % revoked_every == 1)
                    for number in range(start, min(start + _BATCH, count))
                )
                with store:
                    store.executemany(_ROW, rows)
        self.count = max(self.count, count)

    @contextmanager
    def issuing(self) -> Iterator[None]:
        """The process that certifies responder keys; it is not measured and idle otherwise."""
        config = self._config("issuing.toml", {r'^mode = "private"': 'mode = "off"'})
        with self._serving(config, "issuance", self.ports.base + 3, cpus="0,1"):
            yield

    @contextmanager
    def serving(
        self,
        *,
        key: str = "p-256",
        cpus: str = SERVER_CPU,
        workers: int = 1,
        cache: int = 200_000,
        presign: Sequence[str] = (),
    ) -> Iterator[Served]:
        """The status service alone, on these processors."""
        metrics = self.ports.base + _METRICS_OF_STATUS
        section = f'[status]\nresponder_key = {{ type = "{key}" }}\ncache_entries = {cache}'
        section += f"\npresign = {list(presign)}"
        config = self._config(
            "status.toml",
            {
                r"^\[status\]$": section,
                rf"127\.0\.0\.1:{self.ports.base + 3}": f"127.0.0.1:{metrics}",
            },
        )
        more = ("--workers", str(workers)) if workers > 1 else ()
        with self._serving(config, "status", metrics, cpus=cpus, more=more) as pid:
            url = f"http://127.0.0.1:{self.ports.base}/ocsp"
            yield Served(url=url, pid=pid, metrics=f"http://127.0.0.1:{metrics}/metrics")

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
    def _serving(
        self, config: Path, role: str, metrics: int, *, cpus: str, more: Sequence[str] = ()
    ) -> Iterator[int]:
        words = ("serve", "--config", config, "--role", role, *more)
        log = self.folder / f"{role}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                pinned(cpus, sys.executable, "-m", "server.cli", *words),
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment(),
                cwd=ROOT,
            )
        try:
            _until_ready(process, metrics, log)
            for each in family(process.pid):
                prefer(each)
            yield process.pid
        finally:
            process.terminate()
            process.wait(START_SECONDS)

    def _run(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            check=True,
            capture_output=True,
            env=environment(),
            cwd=ROOT,
        )


def _row(number: int, *, revoked: bool) -> tuple[object, ...]:
    octets = serial(number).to_bytes(20, "big")
    status = ("revoked", _YEAR_2026, 4) if revoked else ("good", None, None)
    times = (_YEAR_2026, _YEAR_2026, _YEAR_2026, _YEAR_2030)
    return (octets, ISSUER, octets.hex()[:32], octets, *times, *status)


def _until_ready(process: subprocess.Popen[bytes], metrics: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if exchanged(metrics, "GET", "/readyz")[0] == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.05)
    said = log.read_text("utf-8", "replace")[-2000:]
    raise Faulty(f"the server did not become ready: {said}")
