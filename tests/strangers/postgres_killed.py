"""A PostgreSQL cluster of a test's own, which it may kill and start again."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from fixtures.postgres import _SETTINGS, PostgresCluster, _as_owner
from peers import postgres_programs
from pki.store.migrate import migrate
from pki.store.schema import metadata

START_SECONDS = 180.0


class Killable(PostgresCluster):
    """Durable, and crashes when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        programs = postgres_programs()
        assert programs is not None
        self._programs = programs
        self._owner = _as_owner(folder)
        self._log = folder / "log"
        self._server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """The cluster itself; not started."""
        words = [*self._owner, str(self._programs / "initdb"), "-D", str(self._folder / "data")]
        words += ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(words, check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Begin, or begin again: after a crash what is left of the old one must be gone first."""
        limit = time.monotonic() + START_SECONDS
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        words = [*self._owner, str(self._programs / "postgres"), "-D", str(self._folder / "data")]
        while not self.alive():
            if self._server is None or self._server.poll() is not None:
                with self._log.open("ab") as output:
                    self._server = subprocess.Popen(
                        [*words, "-k", str(self._folder), *settings],
                        stdout=output,
                        stderr=output,
                        cwd="/",
                    )
            assert time.monotonic() < limit, self._log.read_text("utf-8")[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


@contextmanager
def killable() -> Iterator[Killable]:
    """A running one."""
    # A socket's path may be 107 bytes long, so the folder is not made below pytest's own.
    folder = Path(tempfile.mkdtemp(prefix="zorgid-killed-", dir="/tmp"))
    cluster = Killable(folder)
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
        shutil.rmtree(folder)


def moved(sqlite: Path, url: str) -> None:
    """Everything that is in a SQLite store, into an empty database."""
    migrate(url)
    old, new = sa.create_engine(f"sqlite:///{sqlite}"), sa.create_engine(url)
    with old.connect() as read, new.begin() as write:
        for table in metadata.sorted_tables:
            if write.scalar(sa.select(sa.func.count()).select_from(table)):
                write.execute(table.delete())
            rows = [dict(row) for row in read.execute(table.select()).mappings()]
            if rows:
                write.execute(table.insert(), rows)
    old.dispose()
    new.dispose()
