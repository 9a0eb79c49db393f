"""`zorgid serve`: one process with one, some or all roles, until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pki.domain.errors import Malformed
from pki.telemetry.logs import configure_logging
from server.process.locks import exclusive_role
from server.process.place import Place
from server.process.roles import EXCLUSIVE, Role, parse_roles
from server.process.run import run_roles
from server.restored import refuse_unconfirmed
from server.settings import Settings, load

if TYPE_CHECKING:
    from server.workers.supervisor import Supervisor

T = TypeVar("T")


def serve_forever(config: Path, roles_text: str, workers: int | None = None) -> int:
    """Run the roles until SIGINT or SIGTERM; 0 when everything ended cleanly.

    With ``workers`` this process supervises that many others, which answer; SIGHUP replaces them.

    Raises:
        ZorgidError: the configuration, a key, the store or a port cannot be used.
    """
    roles = parse_roles(roles_text)
    if workers is not None and roles != {Role.STATUS}:
        raise Malformed(
            what="workers",
            message="only a status node has workers: the other roles run once",
            next_step="give --role status, or leave --workers out",
        )
    settings = load(config)
    configure_logging(settings.log_level)
    refuse_unconfirmed(settings)
    if workers is not None:
        from server.workers.supervisor import Supervisor

        return _run(_supervised(Supervisor(config, settings, workers)))
    with _locks(settings, roles):
        run_until_signalled(settings, roles)
    return 0


def run_until_signalled(
    settings: Settings, roles: frozenset[Role], place: Place | None = None
) -> None:
    """Run the roles in this process until SIGINT or SIGTERM.

    Raises:
        ZorgidError: something cannot be used.
    """
    _run(_until_stopped(settings, roles, place))


def _run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(main)
        except BaseExceptionGroup as group:
            raise _first(group) from group


async def _until_stopped(settings: Settings, roles: frozenset[Role], place: Place | None) -> None:
    await run_roles(settings, roles, _ends_at(signal.SIGINT, signal.SIGTERM), place)


async def _supervised(supervisor: "Supervisor") -> int:
    renew = _ends_at(signal.SIGHUP)
    return await supervisor.run(_ends_at(signal.SIGINT, signal.SIGTERM), renew)


def _ends_at(*signals: signal.Signals) -> asyncio.Event:
    """An event that these signals set."""
    seen = asyncio.Event()
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, seen.set)
    return seen


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
