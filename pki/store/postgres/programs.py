"""pg_dump and pg_restore, told where the store is without a password in sight."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pki.domain.errors import EnvironmentMissing, StoreUnavailable
from pki.store.engine import parse_url

_DEBIAN: Final = Path("/usr/lib/postgresql")


def run_program(name: str, words: Sequence[str], url: str | None = None) -> str:
    """Run one of PostgreSQL's programs at the store's database; what it said on standard output.

    The database goes as a connection string, its password, if the URL has one, as a password file
    that is gone afterwards: neither the process list nor the environment shows it.

    Raises:
        EnvironmentMissing: the program is not installed.
        StoreUnavailable: it failed; the message is its own.
    """
    program = _found(name)
    if url is None:
        return _ran(program, words, {})
    with libpq(url) as (conninfo, environment):
        return _ran(program, ["--no-password", f"--dbname={conninfo}", *words], environment)


def _found(name: str) -> Path:
    """The newest one: pg_dump must be no older than its server."""
    versions = sorted(
        _DEBIAN.glob(f"*/bin/{name}"),
        key=lambda path: [int(each) for each in path.parts[-3].split(".") if each.isdigit()],
    )
    program = str(versions[-1]) if versions else shutil.which(name)
    if program is None:
        raise EnvironmentMissing(
            message=f"{name} is not installed, and the store is in PostgreSQL",
            next_step="install PostgreSQL's client programs (Debian: postgresql-client), no older "
            "than the server",
        )
    return Path(program)


@contextmanager
def libpq(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The connection string without its password, and the environment that has a file with it."""
    parsed = parse_url(url)
    _, given = parsed.get_dialect()().create_connect_args(parsed)
    options = dict(given)
    password = options.pop("password", None)
    options.pop("context", None)
    conninfo = " ".join(f"{key}={_quoted(str(value))}" for key, value in options.items())
    if password is None:
        yield conninfo, {}
        return
    with tempfile.TemporaryDirectory(prefix="zorgid-") as folder:
        path = Path(folder, "passfile")
        path.touch(0o600)
        escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
        path.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
        yield conninfo, {"PGPASSFILE": str(path)}


def _quoted(value: str) -> str:
    """One value of a connection string (PostgreSQL manual, libpq, 34.1.1.1)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _ran(program: Path, words: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [program, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"LC_ALL": "C"} | environment,
        check=False,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        raise StoreUnavailable(
            message=f"{program.name} failed: {said[0].strip()}",
            next_step="look whether the database can be reached, and that this program is no older "
            "than the server",
        )
    return done.stdout
