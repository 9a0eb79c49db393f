"""What a PostgreSQL server says of itself: its clock, its durability, its replicas."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from pki.store.journal_reads import JournalReads

_STATE: Final = """
SELECT current_setting('server_version') AS version,
  pg_is_in_recovery() AS replica,
  current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS lasting,
  current_setting('synchronous_standby_names') <> '' AS synchronous,
  pg_has_role('pg_monitor', 'USAGE') AS may_look,
  has_table_privilege('journal', 'INSERT') AS may_write,
  (SELECT sum(numbackends) FROM pg_stat_database) AS connections,
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int AS most,
  EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')
    OR NOT pg_has_role('pg_monitor', 'USAGE')) AS waited_for
"""
"""Who is no monitor sees that there are replicas, and not whether commits wait for one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaState:
    """One replica as its primary sees it; ``lag`` is None where it says nothing."""

    name: str
    state: str
    lag: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresState:
    """``lasting`` is False where a commit that was acknowledged may be lost with the server.

    ``replicas`` is None on a replica, and for a user who may not look (role pg_monitor).
    ``waiting`` says that commits wait for a replica and none is there: none is acknowledged.
    ``connections`` counts those that are open, of the ``limit`` for who is no superuser.
    """

    version: str
    is_replica: bool
    lasting: bool
    synchronous: bool
    waiting: bool
    connections: int
    limit: int
    may_write: bool
    replicas: tuple[ReplicaState, ...] | None


class PostgresReads(JournalReads):
    """Adds what only PostgreSQL has; SQLite has no state, no clock and no replica."""

    def is_replica(self) -> bool:
        """Whether this database replays what another writes."""
        if self._connection.dialect.name != "postgresql":
            return False
        with self._statement() as connection:
            return bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one())

    def database_time(self) -> datetime | None:
        """The server's clock at this moment, not that of the transaction's begin."""
        if self._connection.dialect.name != "postgresql":
            return None
        with self._statement() as connection:
            found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return found

    def database_state(self) -> PostgresState | None:
        """How the server is set, and who follows it."""
        if self._connection.dialect.name != "postgresql":
            return None
        with self._statement() as connection:
            row = connection.execute(text(_STATE)).one()
        return PostgresState(
            version=row.version,
            is_replica=row.replica,
            lasting=row.lasting,
            synchronous=row.synchronous,
            waiting=row.synchronous and not row.replica and not row.waited_for,
            connections=int(row.connections),
            limit=row.most,
            may_write=row.may_write,
            replicas=self._replicas() if row.may_look and not row.replica else None,
        )

    def _replicas(self) -> tuple[ReplicaState, ...]:
        query = (
            "SELECT application_name AS name, state, replay_lag AS lag FROM pg_stat_replication"
            " ORDER BY name, pid"
        )
        with self._statement() as connection:
            rows = connection.execute(text(query)).all()
        return tuple(ReplicaState(name=each.name, state=each.state, lag=each.lag) for each in rows)
