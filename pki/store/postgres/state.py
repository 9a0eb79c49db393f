"""What a PostgreSQL server says of itself: its clock, its durability, its replicas."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from pki.store.journal_reads import JournalReads


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
    """

    version: str
    is_replica: bool
    lasting: bool
    synchronous: bool
    replicas: tuple[ReplicaState, ...] | None


class PostgresReads(JournalReads):
    """Adds what only PostgreSQL has; on SQLite both answers are None."""

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
        query = (
            "SELECT current_setting('server_version'), pg_is_in_recovery(),"
            " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',"
            " current_setting('synchronous_standby_names') <> '',"
            " pg_has_role('pg_monitor', 'USAGE')"
        )
        with self._statement() as connection:
            version, replica, lasting, synchronous, may_look = connection.execute(text(query)).one()
        return PostgresState(
            version=version,
            is_replica=replica,
            lasting=lasting,
            synchronous=synchronous,
            replicas=self._replicas() if may_look and not replica else None,
        )

    def _replicas(self) -> tuple[ReplicaState, ...]:
        query = (
            "SELECT application_name AS name, state, replay_lag AS lag FROM pg_stat_replication"
            " ORDER BY name, pid"
        )
        with self._statement() as connection:
            rows = connection.execute(text(query)).all()
        return tuple(ReplicaState(name=each.name, state=each.state, lag=each.lag) for each in rows)
