"""Programs that are not ours, run as a reader could run them, and what they answered."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pki.domain.errors import EnvironmentMissing
from server.demo.telling.narrator import Narrator

PACKAGES: Final[Mapping[str, str]] = {
    "openssl": "openssl",
    "curl": "curl",
    "ldapsearch": "ldap-utils",
    "slapd": "slapd",
}
"""The programs the demo needs, and the Debian package that brings each."""

_LIMIT_SECONDS: Final = 30.0
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def environment() -> dict[str, str]:
    """This process's environment, daemons findable, English and UTF-8, and without any proxy."""
    kept = {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}
    path = f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATH}"
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8", "LDAPNOINIT": "1"}


def require_tools(packages: Mapping[str, str] = PACKAGES) -> None:
    """See that every program is here.

    Raises:
        EnvironmentMissing: names what is missing and the packages that bring it.
    """
    path = environment()["PATH"]
    missing = [name for name in packages if shutil.which(name, path=path) is None]
    if missing:
        wanted = " ".join(sorted({packages[name] for name in missing}))
        raise EnvironmentMissing(
            message=f"the demo needs {', '.join(missing)}, which this computer lacks",
            next_step=f"as root: apt-get install {wanted}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """All it said, results before remarks, without empty lines."""
        return [line for line in f"{self.out}\n{self.err}".splitlines() if line.strip()]

    @property
    def said(self) -> str:
        """All it said, on one line."""
        return f"exit {self.code}: " + " / ".join(line.strip() for line in self.lines)


@dataclass(slots=True, kw_only=True)
class Tools:
    """Runs programs in the demo's folder; each one is told as the command it is."""

    directory: Path
    narrator: Narrator
    commands: list[str] = field(default_factory=list)

    async def run(self, *words: str, quiet: bool = False) -> Ran:
        """Run a program to its end.

        Raises:
            EnvironmentMissing: it cannot be started.
            DemoFailed: it did not end in time.
        """
        if not quiet:
            self.narrator.command(words)
            self.commands.append(" ".join(words))
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=self.directory,
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise EnvironmentMissing(
                message=f"{words[0]} cannot be started: {error.strerror}",
                next_step=f"install {PACKAGES.get(words[0], words[0])}",
            ) from error
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                out, err = await process.communicate()
        except TimeoutError:
            limit = f"an answer within {_LIMIT_SECONDS:.0f} s"
            raise self.narrator.failed(limit, f"none from {words[0]}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        code = process.returncode if process.returncode is not None else -1
        return Ran(code=code, out=out.decode(errors="replace"), err=err.decode(errors="replace"))
