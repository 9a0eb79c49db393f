"""A throw-away PostgreSQL cluster from the system's programs, durable as in production.

It listens on a UNIX socket in a folder of its own and on no port; it ends with the test session.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from peers import postgres_programs, program, require

_START_LIMIT = 60.0
_SETTINGS = (
    "listen_addresses=",
    "fsync=on",
    "synchronous_commit=on",
    "max_connections=60",
    "shared_buffers=32MB",
    "timezone=UTC",
    "log_min_messages=warning",
)


class PostgresCluster:
    """A running cluster; every database in it belongs to one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    @property
    def folder(self) -> Path:
        """Where all its files are."""
        return self._folder

    def url(self, database: str) -> str:
        """What SQLAlchemy connects to."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database, a copy of `template`, and return its name.

        A template must have no open connections.
        """
        name = f"test_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Remove a database, ending whatever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def alive(self) -> bool:
        """Whether it takes connections."""
        try:
            self._execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def _as_owner(folder: Path) -> list[str]:
    """How to start PostgreSQL's programs, which refuse root: the prefix of a command."""
    setpriv = program("setpriv")
    if os.geteuid() != 0:
        return [str(setpriv), "--pdeathsig=INT", "--"] if setpriv else []
    if setpriv is None:
        pytest.fail("setpriv is missing, so PostgreSQL cannot be started by root")
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return [str(setpriv), *ids, "--pdeathsig=INT", "--"]


def _await_start(cluster: PostgresCluster, server: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + _START_LIMIT
    while not cluster.alive():
        if server.poll() is not None or time.monotonic() > limit:
            pytest.fail(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}", pytrace=False)
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(20)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """One cluster for the session; started when the first test asks for it."""
    require("postgres")
    programs = postgres_programs()
    assert programs is not None
    # A socket's path may be 107 bytes long, so the folder is not made below pytest's own.
    folder = Path(tempfile.mkdtemp(prefix="zorgid-postgres-", dir="/tmp"))
    owner = _as_owner(folder)
    data, log = folder / "data", folder / "log"
    initdb = [*owner, str(programs / "initdb"), "-D", str(data), "-U", "postgres"]
    initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = [*owner, str(programs / "postgres"), "-D", str(data), "-k", str(folder), *settings]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd="/")
    cluster = PostgresCluster(folder)
    try:
        _await_start(cluster, server, log)
        yield cluster
    finally:
        _stop(server)
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database of this test's own."""
    name = postgres_cluster.create()
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)
