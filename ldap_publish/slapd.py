"""A slapd of our own: a child process with its own configuration, database and password.

It never touches the system's slapd: not its configuration, not its database, not its service. The
child ends when its parent does, however that ends.
"""

import asyncio
import base64
import hashlib
import logging
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from ldap_publish.slapd_conf import DEBIAN_SCHEMAS, SlapdConf, render
from ldap_publish.tree import CANDIDATES, DEFAULT_BASE
from pki.domain.errors import ConfigurationInvalid, DirectoryUnavailable
from pki.ports import Entropy

_READY_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 10.0
_RESTART_SECONDS: Final = 1.0
_SOCKET_PATH_LIMIT: Final = 100
"""sockaddr_un holds 108 octets (unix(7))."""

_SBIN: Final = "/usr/sbin:/usr/local/sbin:/usr/libexec:/sbin"

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlapdPlace:
    """Where it lives. ``schemas``: ours, besides Debian's core, cosine and inetorgperson."""

    directory: Path
    port: int
    schemas: Sequence[Path]
    host: str = "127.0.0.1"
    base: str = DEFAULT_BASE
    candidates: int = CANDIDATES


def find_slapd() -> Path | None:
    """The program, also when its folder is not on the user's path."""
    found = shutil.which("slapd", path=f"{os.environ.get('PATH', os.defpath)}:{_SBIN}")
    return None if found is None else Path(found)


class PrivateSlapd:
    """One slapd. ``async with`` starts it and stops it; `run` also starts it again when it dies."""

    def __init__(self, place: SlapdPlace, entropy: Entropy) -> None:
        self._place = place
        self._entropy = entropy
        self._process: asyncio.subprocess.Process | None = None
        self._socket = place.directory / "ldapi"
        self.bind_dn = self._conf("").root_dn

    @property
    def url(self) -> str:
        """Where relying parties ask."""
        return f"ldap://{self._place.host}:{self._place.port}"

    @property
    def writer_url(self) -> str:
        """Where the publisher writes: a socket in our own folder, where nobody else can listen."""
        if len(os.fsencode(self._socket)) > _SOCKET_PATH_LIMIT:
            return self.url
        return f"ldapi://{quote(str(self._socket), safe='')}"

    @property
    def pid(self) -> int | None:
        """The child's process id, while it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def password(self) -> str:
        """The publisher's password; made at first use, readable by this user only."""
        path = self._place.directory / "publisher.secret"
        with suppress(FileNotFoundError):
            return path.read_text()
        self._place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = base64.urlsafe_b64encode(self._entropy.octets(24)).decode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        return secret

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ConfigurationInvalid: slapd or a schema file is not installed, or slapd refuses its
            configuration. DirectoryUnavailable: it does not answer in time, or another process has
            its port.
        """
        program = self._program()
        conf = self._prepare()
        await self._check(program, conf)
        await self._refuse_taken_port()
        command = [str(program), "-f", str(conf), "-h", self._listeners(), "-d", "0"]
        self._socket.unlink(missing_ok=True)
        with (self._place.directory / "slapd.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_tied_to_us(command), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        await self._ready()

    async def stop(self) -> None:
        """End it, by force when it does not end by itself."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def run(self) -> None:
        """Keep it running until cancelled, and stop it then.

        Raises:
            ConfigurationInvalid: as `start`, unless it ran before: then it is tried again, since
                a package may be on its way to a new release, and nothing else waits for slapd.
        """
        ran = False
        try:
            while True:
                if self._process is None:
                    await self._try_start(again=ran)
                else:
                    ran = True
                    code = await self._process.wait()
                    self._process = None
                    _log.error("slapd ended and is started again", extra={"exit_code": code})
        finally:
            await self.stop()

    async def _try_start(self, *, again: bool) -> None:
        try:
            await self.start()
        except (DirectoryUnavailable, ConfigurationInvalid) as error:
            if isinstance(error, ConfigurationInvalid) and not again:
                raise
            _log.exception("slapd cannot be started yet", extra={"next_step": error.next_step})
            await asyncio.sleep(_RESTART_SECONDS)

    def _program(self) -> Path:
        program = find_slapd()
        if program is None:
            raise ConfigurationInvalid(
                key="ldap",
                message="slapd is not installed",
                next_step="apt-get install slapd ldap-utils, or name a directory you run",
            )
        return program

    def _conf(self, password_hash: str) -> SlapdConf:
        return SlapdConf(
            base=self._place.base,
            database=self._place.directory / "database",
            password_hash=password_hash,
            schemas=(*DEBIAN_SCHEMAS, *self._place.schemas),
            candidates=self._place.candidates,
            runtime=self._place.directory,
        )

    def _prepare(self) -> Path:
        """Write slapd.conf anew: it holds settings only, so nothing is lost."""
        conf = self._conf(_ssha(self.password(), self._entropy.octets(8)))
        for schema in conf.schemas:
            if not schema.is_file():
                raise ConfigurationInvalid(
                    key="ldap",
                    message=f"the LDAP schema {schema} is missing",
                    next_step="apt-get install slapd; our own schema comes with zorgid init",
                )
        conf.database.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._place.directory / "slapd.conf"
        path.touch(mode=0o600)
        path.write_text(render(conf))
        return path

    async def _check(self, program: Path, conf: Path) -> None:
        """Let slapd read its configuration first: started with no log it would say nothing."""
        process = await asyncio.create_subprocess_exec(
            program,
            "-Ttest",
            "-u",
            "-f",
            conf,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await process.communicate()
        if process.returncode != 0:
            raise ConfigurationInvalid(
                key="ldap",
                message=f"slapd refuses its configuration: {complaint.decode(errors='replace')}",
                next_step=f"look at {conf}",
            )

    async def _refuse_taken_port(self) -> None:
        if await self._answers():
            raise DirectoryUnavailable(
                message=f"another process listens on {self.url}",
                next_step="choose another LDAP port, or stop that process",
            )

    def _listeners(self) -> str:
        return self.url if self.writer_url == self.url else f"{self.url} {self.writer_url}"

    async def _ready(self) -> None:
        process = self._process
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS):
                while process is not None and process.returncode is None:
                    if await self._answers():
                        return
                    await asyncio.sleep(0.02)
        await self.stop()
        raise DirectoryUnavailable(
            message="slapd was started and does not answer",
            next_step=f"look at {self._place.directory / 'slapd.log'}; is the port free?",
        )

    async def _answers(self) -> bool:
        """Whether an anonymous bind (RFC 4511 4.2) gets its answer."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection(self._place.host, self._place.port)
                try:
                    writer.write(bytes.fromhex("300c020101600702010304008000"))
                    answer = await reader.readexactly(9)
                finally:
                    writer.close()
        except (OSError, EOFError, TimeoutError):
            return False
        return answer.startswith(bytes.fromhex("300c02010161070a01"))


def _ssha(password: str, salt: bytes) -> str:
    """The form of ``rootpw`` (slappasswd(8)); the password is random, so SHA-1 does no harm."""
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _tied_to_us(command: Sequence[str]) -> list[str]:
    """Let the kernel end the child with its parent (PR_SET_PDEATHSIG), where setpriv(1) is."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else list(command)
