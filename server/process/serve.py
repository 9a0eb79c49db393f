"""`zorgid serve`: one process with one, some or all roles, until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from pki.telemetry.logs import configure_logging
from server.process.locks import exclusive_role
from server.process.roles import EXCLUSIVE, Role, parse_roles
from server.process.run import run_roles
from server.restored import refuse_unconfirmed
from server.settings import Settings, load

_log: Final = logging.getLogger(__name__)


def serve_forever(config: Path, roles_text: str) -> int:
    """Run the roles until SIGINT or SIGTERM; 0 when everything ended cleanly.

    Raises:
        ZorgidError: the configuration, a key, the store or a port cannot be used.
    """
    roles = parse_roles(roles_text)
    settings = load(config)
    configure_logging(settings.log_level)
    refuse_unconfirmed(settings)
    with _locks(settings, roles), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_until_stopped(settings, roles))
        except BaseExceptionGroup as group:
            raise _first(group) from group
    return 0


async def _until_stopped(settings: Settings, roles: frozenset[Role]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_roles(settings, roles, stop)


@contextmanager
def _locks(settings: Settings, roles: frozenset[Role]) -> Iterator[None]:
    with ExitStack() as held:
        for role in EXCLUSIVE:
            if role in roles:
                held.enter_context(exclusive_role(settings.locks, role.value))
        yield


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it is installed: the status listener gains a tenth; nothing depends on it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the process: what else failed, failed because of it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
