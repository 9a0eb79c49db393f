"""What the story plays on: ports, the stand-in register's addresses, a server of its own."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from pki.domain.errors import Conflict
from pki.domain.uzi import PassType
from pki.ports import Entropy
from server.demo.telling.narrator import Narrator
from server.demo.telling.tools import environment
from server.demo.uzi_certificates import POLICY_AUTHENTICITY
from server.demo.uzi_register import OID_CA, StandInRegister
from server.demo.uzi_status import crl_application, ocsp_application
from server.files import replace_file, write_new
from server.installation import UziFiles, UziIssuerFiles

HOST: Final = "127.0.0.1"
_USED: Final = (0, 1, 2, 3, 5, 6)
_STATUS, _API, _LDAP, _METRICS, _UZI_CRL, _UZI_OCSP = _USED
_BLOCK: Final = 8
_LOWEST, _HIGHEST = 20_000, 32_000
_TRIES: Final = 50
_START_SECONDS: Final = 40.0
_STOP_SECONDS: Final = 10.0
_LOG: Final = "server.log"


@dataclass(frozen=True, slots=True)
class Ports:
    """A block of ports on loopback, given out as the configuration does."""

    base: int

    @property
    def ready_url(self) -> str:
        """Where the server says whether it is ready."""
        return f"http://{HOST}:{self.base + _METRICS}/readyz"

    @property
    def ldap_url(self) -> str:
        """The directory."""
        return f"ldap://{HOST}:{self.base + _LDAP}"

    def api_url(self, audience: str) -> str:
        """The issuance API, under the name that its TLS certificate carries."""
        return f"https://{audience}:{self.base + _API}"

    @property
    def uzi_crl(self) -> str:
        """The CRL of the stand-in register's N CA."""
        return f"http://{HOST}:{self.base + _UZI_CRL}/cdp/medewerker_op_naam.crl"

    @property
    def uzi_ocsp(self) -> str:
        """The stand-in register's OCSP responder."""
        return f"http://{HOST}:{self.base + _UZI_OCSP}"

    def taken(self) -> list[int]:
        """Which of the ports another program listens on."""
        return [self.base + each for each in _USED if not _is_free(self.base + each)]


def choose_ports(asked: int | None, entropy: Entropy) -> Ports:
    """The block that was asked for, else a free one.

    Raises:
        Conflict: a port of the block that was asked for is taken, or no free block was found.
    """
    if asked is not None:
        taken = Ports(asked).taken()
        if taken:
            raise Conflict(
                message=f"port {taken[0]} is in use by another program",
                next_step="give another --port-base, or none: then free ports are found",
            )
        return Ports(asked)
    for _ in range(_TRIES):
        chance = int.from_bytes(entropy.octets(4), "big")
        ports = Ports(_LOWEST + chance % (_HIGHEST - _LOWEST) // _BLOCK * _BLOCK)
        if not ports.taken():
            return ports
    raise Conflict(message="no free block of ports was found", next_step="give --port-base")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


_ISSUER_FILES: Final[Mapping[PassType, str]] = {
    PassType.ZORGVERLENER: "zorgverlener.pem",
    PassType.MEDEWERKER_OP_NAAM: "medewerker_op_naam.pem",
    PassType.MEDEWERKER_NIET_OP_NAAM: "medewerker_niet_op_naam.pem",
    PassType.SERVER: "server.pem",
}


def uzi_files(directory: Path) -> UziFiles:
    """Where the stand-in register's certificates will be, for the configuration."""
    folder = directory / "uzi"
    return UziFiles(
        roots=[folder / "root.pem"],
        intermediates=[folder / "level2.pem"],
        issuers=[
            UziIssuerFiles(
                certificates=[folder / name],
                pass_type=kind,
                oid_ca=OID_CA[kind],
                authenticity_policies=[POLICY_AUTHENTICITY],
            )
            for kind, name in _ISSUER_FILES.items()
        ],
        status_hosts=[HOST],
        crl_max_age_seconds=60,
    )


def write_register(register: StandInRegister, directory: Path) -> None:
    """Write the register's certificates where `uzi_files` says."""
    folder = directory / "uzi"
    folder.mkdir(mode=0o700)
    authorities = {"root.pem": register.root, "level2.pem": register.level2}
    authorities |= {name: register.issuing[kind] for kind, name in _ISSUER_FILES.items()}
    for name, authority in authorities.items():
        write_new(folder / name, authority.certificate.public_bytes(Encoding.PEM))


@asynccontextmanager
async def register_online(register: StandInRegister, ports: Ports) -> AsyncIterator[None]:
    """The stand-in register's CRL and OCSP, while the block lasts."""
    runners = []
    try:
        for application, offset in (
            (crl_application(register), _UZI_CRL),
            (ocsp_application(register), _UZI_OCSP),
        ):
            runner = web.AppRunner(application, access_log=None)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, HOST, ports.base + offset).start()
        yield
    finally:
        for runner in runners:
            await runner.cleanup()


@asynccontextmanager
async def server_running(
    config: Path, ports: Ports, narrator: Narrator
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`zorgid serve` as a process of its own: ready when the block begins, gone when it has ended.

    Raises:
        DemoFailed: it ended, or was not ready in time.
    """
    log = config.with_name(_LOG)
    write_new(log, b"")
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *_ends_with_us(),
            *(sys.executable, "-m", "server.cli", "serve", "--config", str(config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )
    try:
        await _until_ready(process, ports, narrator, log)
        yield process
    finally:
        await _end(process)


def _ends_with_us() -> list[str]:
    """Lets the kernel end the server when this process is killed, where setpriv(1) is."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


async def _until_ready(
    process: asyncio.subprocess.Process, ports: Ports, narrator: Narrator, log: Path
) -> None:
    loop = asyncio.get_running_loop()
    limit = loop.time() + _START_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        while True:
            seen = await _readiness(http, ports.ready_url)
            if seen is None:
                return
            ended = process.returncode is not None
            narrator.expect(
                not ended and loop.time() < limit,
                expected="a server that is ready",
                seen=f"{'it ended' if ended else seen}; {_last_lines(log)}",
            )
            await asyncio.sleep(0.1)


async def _readiness(http: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with http.get(url) as answer:
            if answer.ok:
                return None
            return " ".join((await answer.text()).split())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"no answer yet ({type(error).__name__})"


def _last_lines(log: Path, count: int = 5) -> str:
    lines: Iterable[str] = log.read_text("utf-8", "replace").splitlines()[-count:]
    return "the end of its log: " + " / ".join(lines)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop; kill it when it does not."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@contextmanager
def published_file(path: Path, content: Mapping[str, object]) -> Iterator[None]:
    """Keep a JSON file in place while the block lasts: whole or absent, for its owner alone."""
    replace_file(path, json.dumps(content, indent=2).encode() + b"\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def own_pid() -> int:
    """The process to interrupt when everything should stop."""
    return os.getpid()
