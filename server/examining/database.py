"""The database: what PostgreSQL says of itself, and whose clock is wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pki.domain.errors import ConfigurationInvalid, Conflict, StoreUnavailable
from pki.ports import Clock, SystemClock
from pki.store.postgres.state import PostgresState
from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, problem, warning
from server.settings import Settings

APART: Final = timedelta(seconds=30)
"""From the database's clock: so two nodes are never more than a minute apart."""

_LATE: Final = timedelta(seconds=2)
_SYNCHRONISE: Final = "set both by NTP: status answers and certificates carry the time"


def examine_database(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Nothing of an SQLite store, which the journal's examination has read."""
    del now
    if settings.store.postgresql is None:
        return
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        state = store.read_sync(ReadSession.database_state)
        there = store.read_sync(ReadSession.database_time)
        refused = store.read_sync(_refused)
    finally:
        store.close_sync()
    if state is None or there is None:
        return
    if refused is not None:
        yield problem("database", refused.message, refused.next_step)
    yield from judge_state(state, production=settings.installation.kind == "production")
    yield from judge_connections(state)
    yield from judge_user(state, writes=writes(settings))
    yield judge_clocks(there, SystemClock().now())


def _refused(session: ReadSession) -> StoreUnavailable | None:
    """Why a node here answers nothing; None: it answers."""
    try:
        session.require_abreast(SystemClock().now())
    except StoreUnavailable as error:
        return error
    return None


def judge_state(state: PostgresState, *, production: bool) -> Iterator[Finding]:
    """Durability first, then who follows."""
    what = f"PostgreSQL {state.version}, {'a replica' if state.is_replica else 'the primary'}"
    if not state.lasting:
        yield problem(
            "database",
            f"{what}: fsync or full_page_writes is off",
            "switch both on: a power cut loses what was acknowledged",
        )
    elif state.waiting:
        yield problem(
            "database",
            f"{what}: commits wait for a replica, and none that is waited for is there:"
            " nothing is issued, blocked or revoked",
            "start the replica that synchronous_standby_names says; when it is lost, or took"
            " over: ALTER SYSTEM SET synchronous_standby_names = '', SELECT pg_reload_conf()",
        )
    elif production and not state.is_replica and not state.synchronous:
        yield warning(
            "database",
            f"{what}: no replica is waited for at commit",
            "set synchronous_standby_names: else a lost primary takes the last cards with it",
        )
    else:
        yield ok("database", what)
    for each in state.replicas or ():
        if each.state != "streaming" or (each.lag is not None and each.lag > _LATE):
            behind = "" if each.lag is None else f", {each.lag.total_seconds():.0f} s behind"
            yield warning(
                "database",
                f"replica {each.name} is {each.state}{behind}",
                "look at its log and network: nodes on it count as cut off after 2 s",
            )


def judge_connections(state: PostgresState) -> Iterator[Finding]:
    """Connections: whoever finds none free, serves nothing."""
    if (state.limit - state.connections) * 5 < state.limit:
        yield warning(
            "database",
            f"{state.connections} of {state.limit} connections are open",
            "raise max_connections, and see in pg_stat_activity who has them",
        )


def judge_user(state: PostgresState, *, writes: bool) -> Iterator[Finding]:
    """``writes``: something here does, by the configuration."""
    if state.may_write and not writes:
        yield warning(
            "database",
            "this node writes nothing, and its user may write to the journal",
            "name a user in [store] who may only SELECT",
        )


def writes(settings: Settings) -> bool:
    """Whether anything that this configuration is for writes: an issuer, or a publisher."""
    issues = any(each.key is not None for each in settings.generations)
    sinks = settings.crl_folder is not None or settings.crl_bucket is not None
    return issues or sinks or settings.ldap.mode != "off" or settings.enrolment is None


def judge_clocks(there: datetime, here: datetime) -> Finding:
    """The database's clock beside this computer's."""
    apart = abs(there - here)
    if apart > APART:
        seconds = f"{apart.total_seconds():.0f} s"
        text = f"this clock and the database's differ by {seconds}"
        return problem("clock", text, _SYNCHRONISE)
    return ok("clock", "agrees with the database's")


async def refuse_another_kind(store: ReadStore, kind: str) -> None:
    """Refuse a store of another kind of installation.

    Raises:
        ConfigurationInvalid: kinds never mix.
        StoreUnavailable: the store cannot be read.
    """
    found = await store.read(ReadSession.installation)
    require_kind(None if found is None else found[1], kind)


def require_kind(found: str | None, kind: str) -> None:
    """``found`` is what the store says of itself.

    Raises:
        ConfigurationInvalid: kinds never mix.
    """
    if found != kind:
        what = "nothing yet" if found is None else found
        raise ConfigurationInvalid(
            key="installation.kind",
            message=f"setting installation.kind: says {kind}; the store is of {what}",
            next_step="name the store that belongs to this configuration: kinds never mix",
        )


async def refuse_wrong_clock(store: ReadStore, clock: Clock) -> None:
    """Refuse to serve with a clock that is not the others'.

    Raises:
        Conflict: it differs from the database's by more than `APART`.
        StoreUnavailable: the store cannot be read.
    """
    there = await store.read(ReadSession.database_time)
    if there is None:
        return
    finding = judge_clocks(there, clock.now())
    if finding.level != "ok":
        raise Conflict(message=finding.text, next_step=finding.next_step)
