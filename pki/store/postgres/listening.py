"""Hearing of commits at once, where the database is a primary (LISTEN and NOTIFY of PostgreSQL).

What is heard is a hint: followers look every 0.2 s all the same, since a standby refuses LISTEN
and a connection that is lost in silence says nothing. A commit of this process is not told to it
again.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Engine, bindparam, func, update
from sqlalchemy.exc import SQLAlchemyError

from pki.domain.errors import StoreUnavailable, ZorgidError
from pki.ports import happens
from pki.store import schema
from pki.store.engine import read_engine

if TYPE_CHECKING:
    from psycopg import Connection

_CHANNEL: Final = "zorgid_journal"

HEAD_MOVES: Final = update(schema.journal_head).returning(
    func.pg_notify(_CHANNEL, bindparam("writer"))
)
"""Moves the journal's head, and tells all who listen when that is committed; ``writer`` is
`this_process`."""

AGAIN_SECONDS: Final = 5.0
"""Between attempts: a standby becomes a primary one day, and a lost connection comes back."""

_TICK_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)


def this_process() -> str:
    """What a commit of this process is told by. Two of one name only miss a hint."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Listening:
    """Calls ``wake`` on its event loop at each commit of another process."""

    def __init__(self, url: str, wake: Callable[[], None]) -> None:
        self._url = url
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; a database that cannot tell is asked again every 5 s."""
        engine = read_engine(self._url, connections=1)
        try:
            while not stop.is_set():
                try:
                    await self._once(engine, stop)
                except Exception:  # noqa: BLE001 -- what is heard is a hint: its loss ends no server
                    _log.exception("commits are not told by the database; trying again")
                await happens(stop, AGAIN_SECONDS)
        finally:
            await asyncio.to_thread(engine.dispose)

    async def _once(self, engine: Engine, stop: asyncio.Event) -> None:
        try:
            connection, descriptor = await asyncio.to_thread(_listen, engine)
        except ZorgidError as error:
            # The journal's followers say what it means that the database is away.
            _log.debug("commits are not told by the database", extra={"why": error.message})
            return
        try:
            _log.info("commits are told by the database")
            # What was committed before this moment was told to nobody here.
            self._wake()
            await self._hear(connection, descriptor, stop)
        finally:
            os.close(descriptor)
            await asyncio.to_thread(connection.close)

    async def _hear(self, connection: "Connection", descriptor: int, stop: asyncio.Event) -> None:
        """Until ``stop`` or the connection's end."""
        loop, own, ended = asyncio.get_running_loop(), this_process(), asyncio.Event()

        def readable() -> None:
            try:
                told = list(connection.notifies(timeout=0))
            except Exception as error:  # noqa: BLE001 -- whatever the driver says, it is deaf now
                loop.remove_reader(descriptor)
                _log.info("commits are no longer told", extra={"why": type(error).__name__})
                ended.set()
                return
            if any(each.payload != own for each in told):
                self._wake()

        loop.add_reader(descriptor, readable)
        try:
            while not (stop.is_set() or ended.is_set()):
                await happens(stop, _TICK_SECONDS)
        finally:
            loop.remove_reader(descriptor)


def _listen(engine: Engine) -> "tuple[Connection, int]":
    """A connection of the driver's own, which listens, and a descriptor of it.

    The descriptor is a second one: the driver closes its own when the connection ends, and its
    number may be another connection's before an event loop has forgotten it.

    Raises:
        StoreUnavailable: the database is away, or a standby.
    """
    from psycopg import Error  # noqa: PLC0415 -- an optional dependency

    try:
        # Errors of the driver come out of this as they are, unlike those of `Engine.connect`.
        pooled = engine.raw_connection()
    except (Error, SQLAlchemyError) as error:
        raise _deaf(error) from None
    connection = cast("Connection", pooled.driver_connection)
    pooled.detach()
    try:
        connection.autocommit = True
        connection.execute(f"LISTEN {_CHANNEL}")
        return connection, os.dup(connection.fileno())
    except (Error, OSError) as error:
        connection.close()
        raise _deaf(error) from None


def _deaf(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(message=f"the database tells no commits: {type(error).__name__}")
