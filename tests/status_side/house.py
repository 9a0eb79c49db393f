"""The whole status side on a free port, and programs that are not ours beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crl.build import CrlIssuer
from crl.http import CrlHandler
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.listener import listening
from fakes.status import ISSUER, FakeClock, FakeCrlStore
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.ports import SystemClock
from pki.trust.signatures import verify_signature
from server.status_listener import Handler
from status_side.bench import Bench
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

NOW: Final = SystemClock().now()
CA: Final = PracticeCa("Token CA", new_key("ca"), NOW - timedelta(days=1))
GOOD, HELD, REVOKED, NEW, NEVER, *_ = SERIALS
STATUSES: Final[dict[SerialNumber, CertificateStatus]] = {
    GOOD: Good(),
    HELD: OnHold(since=NOW - timedelta(minutes=5)),
    REVOKED: Revoked(
        at=NOW - timedelta(minutes=9),
        reason=RevocationReason.KEY_COMPROMISE,
        compromised_since=NOW - timedelta(minutes=30),
    ),
    NEW: Unconfirmed(since=NOW - timedelta(minutes=1)),
}


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


class Status:
    """The whole status side on a free port, and files for the programs that ask it."""

    def __init__(self, folder: Path, key_kind: str, **options: Any) -> None:
        self.folder = folder
        # A suite may run for longer than an answer lives, so each test starts at its own time.
        clock = FakeClock(SystemClock().now())
        self.bench = Bench(clock=clock, ca=CA, key_kind=key_kind, **options)
        self.bench.store.statuses.update(STATUSES)
        crls = FakeCrlStore(self.bench.store)
        policy = CrlPolicy()
        self.crl_service = CrlService(
            CrlIssuer.of(ISSUER, CA.certificate),
            PlainSigner(CA.key),
            crls,
            verify=verify_signature,
            clock=self.bench.clock,
            policy=policy,
        )
        self.crl_handler = CrlHandler(
            crls,
            issued={"token-ca": ISSUER},
            certificates={"token-ca": CA.certificate},
            clock=self.bench.clock,
            policy=policy,
        )
        self.bench.store.listeners.append(self.crl_handler.apply)
        self.ca = self.file("ca.pem", pem(CA.certificate))
        self.cards = {
            serial: self.file(f"{serial}.pem", pem(CA.card(serial)))
            for serial in (GOOD, HELD, REVOKED, NEW, NEVER)
        }
        self.port = 0

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        routes: dict[bytes, Handler] = {
            b"/ocsp": self.bench.handler,
            b"/crl/": self.crl_handler,
            b"/ca/": self.crl_handler,
        }
        async with asyncio.TaskGroup() as tasks, listening(routes) as (_, self.port):
            beating = tasks.create_task(self.bench.responder.run())
            yield
            beating.cancel()

    async def openssl_ocsp(self, *arguments: str | Path) -> str:
        done = await run(
            "openssl",
            "ocsp",
            "-issuer",
            self.ca,
            "-CAfile",
            self.ca,
            "-url",
            f"{self.url}/ocsp",
            *arguments,
        )
        assert "Response verify OK" in done
        return done


async def run(*command: str | Path, status: int = 0, folder: Path | None = None) -> str:
    """Run a program in ``folder``; its output and errors in one."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode("utf-8", "replace")
    assert process.returncode == status, text
    return text
