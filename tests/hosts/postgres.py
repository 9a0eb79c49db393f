"""PostgreSQL on two hosts: a primary and whoever follows it, which can change places."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from fixtures.postgres import _SETTINGS, PostgresCluster, _as_owner
from hosts.network import NETWORK, Host
from peers import postgres_programs

PORT = 5432
START_SECONDS = 180.0


class Database(PostgresCluster):
    """The server on one host; the tests themselves reach it by its socket, whatever is cut."""

    def __init__(self, host: Host, folder: Path) -> None:
        super().__init__(folder)
        programs = postgres_programs()
        assert programs is not None
        self.host = host
        self._programs = programs
        self._owner = _as_owner(folder)
        self._server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """A new cluster, for all who are on the network."""
        self._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        allowed = f"{NETWORK}.0/24 trust\n"
        with (self._data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {allowed}host replication all {allowed}")

    def follow(self, primary: "Database") -> None:
        """Be a copy of that one, and go on replaying what it writes; what was here is gone."""
        shutil.rmtree(self._data, ignore_errors=True)
        source = f"host={primary.host.address} user=postgres application_name={self.host.name}"
        link = "keepalives_idle=1 keepalives_interval=1 keepalives_count=2"
        words = ("-d", f"{source} {link}", "--write-recovery-conf", "--checkpoint=fast")
        self._run("pg_basebackup", *words)
        self.start()

    def start(self) -> None:
        """Take connections."""
        settings = (*_SETTINGS, f"listen_addresses={self.host.address}", "wal_sender_timeout=3s")
        parts = [part for each in settings for part in ("-c", each)]
        words = [*self._owner, str(self._programs / "postgres"), "-D", str(self._data)]
        with (self._folder / "log").open("ab") as output:
            self._server = subprocess.Popen(
                [*self.host.words(*words), "-k", str(self._folder), *parts],
                stdout=output,
                stderr=output,
                cwd="/",
            )
        limit = time.monotonic() + START_SECONDS
        while not self.alive():
            log = (self._folder / "log").read_text("utf-8")[-2000:]
            assert self._server.poll() is None, log
            assert time.monotonic() < limit, log
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def stop(self) -> None:
        """In order: whoever follows has all of it then."""
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        self._server.wait(START_SECONDS)
        self._server = None

    def tell(self, statement: str) -> object:
        """What the first column of the first row says, if there is one."""
        with psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            found = connection.execute(statement.encode())
            row = found.fetchone() if found.description else None
            return None if row is None else row[0]

    def wait_for(self, standby: str) -> None:
        """Acknowledge nothing before that one has it; empty: wait for nobody."""
        self.tell(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.tell("SELECT pg_reload_conf()")

    def is_replica(self) -> bool:
        return bool(self.tell("SELECT pg_is_in_recovery()"))

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *words: str) -> None:
        command = [*self._owner, str(self._programs / program), "-D", str(self._data)]
        self.host.command(*command, "--no-sync", *words)


@contextmanager
def database(host: Host) -> Iterator[Database]:
    """One that was neither made nor started; a crash of it is its end."""
    # A socket's path may be 107 bytes long, so the folder is not made below pytest's own.
    folder = Path(tempfile.mkdtemp(prefix="zorgid-host-", dir="/tmp"))
    made = Database(host, folder)
    try:
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder)
