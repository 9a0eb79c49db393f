"""A streaming replica of the throw-away PostgreSQL cluster."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fixtures.postgres import PostgresCluster, _as_owner, _await_start, _stop
from peers import postgres_programs


@contextmanager
def replica_of(primary: PostgresCluster) -> Iterator[PostgresCluster]:
    """A second cluster that replays what the first one writes; on a socket in its own folder."""
    programs = postgres_programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="zorgid-replica-", dir="/tmp"))
    owner = _as_owner(folder)
    data, log = folder / "data", folder / "log"
    copy = [*owner, str(programs / "pg_basebackup"), "-h", str(primary._folder), "-U", "postgres"]
    copy += ["-D", str(data), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
    subprocess.run(copy, check=True, capture_output=True, cwd="/")
    command = [*owner, str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "-c", "listen_addresses="], stdout=output, stderr=output, cwd="/"
        )
    replica = PostgresCluster(folder)
    try:
        _await_start(replica, server, log)
        yield replica
    finally:
        _stop(server)
        shutil.rmtree(folder)
