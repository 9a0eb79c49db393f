"""A throw-away PostgreSQL on this computer, durable as in production."""

import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

SHARED_BUFFERS_MB: Final = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 2**20
"""A quarter of the machine's memory, as PostgreSQL's manual advises (section 20.4.1)."""

_SETTINGS: Final = (
    "listen_addresses=",
    f"shared_buffers={SHARED_BUFFERS_MB}MB",
    "maintenance_work_mem=512MB",
    "max_wal_size=1GB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
)
"""Autovacuum would run in one round and not in another; what was loaded was analysed."""

_START_SECONDS: Final = 60.0
_PIECE: Final = 2**22


@contextmanager
def cluster(parent: Path) -> Iterator[Path]:
    """Its socket's folder, below ``parent``; gone with all that is in it when this ends."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    # A socket's path may be 107 bytes long.
    with tempfile.TemporaryDirectory(prefix="pg-", dir=parent) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            parent.chmod(0o711)
        as_owner = _owner(folder)
        words = [*as_owner, str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
        words += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(words, check=True, capture_output=True, cwd="/")
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        words = [*as_owner, str(programs / "postgres"), "-D", str(folder / "data")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*words, "-k", name, *settings], stdout=log, stderr=log, cwd="/"
            )
        try:
            _await(folder, process)
            yield folder
        finally:
            process.terminate()
            process.wait()


def database(folder: Path, name: str) -> str:
    """The SQLAlchemy URL of a new database."""
    with psycopg.connect(_conninfo(folder, "postgres"), autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
        )
    return f"postgresql+psycopg://postgres@/{name}?host={folder}"


def read_in(folder: Path) -> int:
    """Read all tables and indexes once, as a server long at work has them in memory: octets."""
    size = 0
    for path in sorted((folder / "data" / "base").rglob("*")):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while piece := file.read(_PIECE):
                    size += len(piece)
    return size


def _conninfo(folder: Path, name: str) -> str:
    return f"host={folder} user=postgres dbname={name}"


def _owner(folder: Path) -> list[str]:
    """PostgreSQL's programs refuse root: what goes before them."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--pdeathsig=INT", "--"]


def _await(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(_conninfo(folder, "postgres")).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
