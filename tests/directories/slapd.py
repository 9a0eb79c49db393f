"""A private slapd with a follower in front of it, and ldapsearch behind it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from directories.material import (
    BASE,
    ROOT_CA,
    TOKEN_CA,
    FakeCursors,
    FakeFacts,
    FakeJournal,
    FixedClock,
    TestCa,
    make_ca,
)
from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.follower import CURSOR, Backoff, LdapFollower
from ldap_publish.publisher import Publisher
from ldap_publish.slapd import PrivateSlapd, SlapdPlace
from ldap_publish.tree import PublishedCa, Tree
from ldap_publish.upkeep import Upkeep
from pki.ports import SystemClock, SystemEntropy
from strangers.ports import free_port

SCHEMA = Path(__file__).resolve().parents[2] / "config" / "ldap" / "zorgid.schema"
QUICK = Backoff(first=0.05, longest=0.2)


def place(directory: Path, port: int | None = None) -> SlapdPlace:
    return SlapdPlace(directory=directory, port=port or free_port(), schemas=(SCHEMA,))


@asynccontextmanager
async def running_slapd(directory: Path) -> AsyncIterator[PrivateSlapd]:
    async with PrivateSlapd(place(directory), SystemEntropy()) as slapd:
        yield slapd


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; the test's own time limit ends the wait."""
    while not await condition():  # noqa: ASYNC110 -- what is waited for is in another process
        await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Found:
    code: int
    output: str

    @property
    def dns(self) -> list[str]:
        return [value.decode() for name, value in self.values() if name == "dn"]

    def of(self, attribute: str) -> list[bytes]:
        return [value for name, value in self.values() if name == attribute]

    def values(self) -> list[tuple[str, bytes]]:
        """Every ``name: value`` of the LDIF, decoded."""
        result = []
        for line in self.output.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                encoded = value.startswith(":")
                text = value.lstrip(":").removeprefix(" ")
                result.append((name, base64.b64decode(text) if encoded else text.encode()))
        return result


async def ldapsearch(
    url: str, search: str, *attributes: str, base: str = BASE, scope: str | None = None
) -> Found:
    """Ask anonymously, with OpenLDAP's own client; the whole tree or, of another base, itself."""
    scope = scope or ("sub" if base == BASE else "base")
    process = await asyncio.create_subprocess_exec(
        *("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-b", base),
        *("-s", scope, search, *attributes),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return Found(process.returncode or 0, output.decode())


class Bench:
    """A store, a journal and a follower; after a restart with the store of the one ``before``."""

    def __init__(self, server: LdapServer, before: "Bench | None" = None) -> None:
        self.ca: TestCa = before.ca if before else make_ca()
        self.root: TestCa = before.root if before else make_ca("ZORG-ID Root CA")
        self.journal: FakeJournal = before.journal if before else FakeJournal()
        self.facts: FakeFacts = before.facts if before else FakeFacts(self.journal)
        self.cursors: FakeCursors = before.cursors if before else FakeCursors()
        self.tree = Tree(
            base=BASE,
            cas=(
                PublishedCa(issuer=ROOT_CA, certificates=(self.root.der,), is_root=True),
                PublishedCa(issuer=TOKEN_CA, certificates=(self.ca.der,)),
            ),
        )
        self.directory = LdapDirectory(server)
        publisher = Publisher(self.directory, self.tree)
        self.upkeep = Upkeep(facts=self.facts, publisher=publisher, tree=self.tree)
        self.follower = LdapFollower(
            journal=self.journal,
            cursors=self.cursors,
            upkeep=self.upkeep,
            clock=FixedClock(),
            backoff=QUICK,
        )

    async def reached(self, position: int) -> None:
        """Wait until the follower has brought the directory to this position."""

        async def condition() -> bool:
            return self.cursors.saved.get(CURSOR, 0) >= position

        await eventually(condition)


def server_of(slapd: PrivateSlapd, patience: float = 60.0) -> LdapServer:
    """``patience``: seconds that an answer may take; a busy machine is no failing directory."""
    return LdapServer(
        url=slapd.writer_url,
        bind_dn=slapd.bind_dn,
        password=slapd.password(),
        connect_seconds=patience,
        receive_seconds=patience,
        operation_seconds=patience,
    )


@asynccontextmanager
async def following(bench: Bench) -> AsyncIterator[Bench]:
    """The follower running until the block ends."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.follower.run())
        try:
            yield bench
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await bench.directory.close()


async def run(*command: str, feed: str = "") -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(feed.encode())
    return process.returncode, output.decode()


def process_file(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


async def dead(pid: int) -> bool:
    try:
        state = process_file(pid, "stat").rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == b"Z"


@asynccontextmanager
async def hanging_server(drip: bytes = b"") -> AsyncIterator[int]:
    """Accepts and never answers; or sends the first octets of an answer one by one, and no end."""

    over = asyncio.Event()
    handlers: set[asyncio.Task[None]] = set()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        handlers.add(own)
        while not over.is_set() and not writer.is_closing():
            writer.write(drip)
            await asyncio.sleep(0.05)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        if handlers:
            await asyncio.wait(handlers)


def tls_lines(directory: Path) -> str:
    """A certificate for localhost, signed by itself, in server.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(SystemClock().now() - timedelta(hours=1))
        .not_valid_after(SystemClock().now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    (directory / "server.pem").write_bytes(certificate.public_bytes(pem))
    (directory / "server.key").write_bytes(key.private_bytes(pem, pkcs8, plain))
    lines = (f"{directory}/server.pem", f"{directory}/server.key")
    return "TLSCertificateFile {}\nTLSCertificateKeyFile {}\n".format(*lines)
