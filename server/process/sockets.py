"""Listening sockets that share one port: the kernel spreads connections over them."""

import socket
from contextlib import ExitStack

from pki.domain.errors import Conflict
from server.status_listener import bind


def bound(listen: str, *, shared: bool = False) -> socket.socket:
    """A socket for ``host:port``.

    Raises:
        Conflict: another program has it, or this computer has no such address.
    """
    host, _, port = listen.rpartition(":")
    try:
        return bind(host.strip("[]"), int(port), shared=shared)
    except OSError as error:
        raise Conflict(
            message=f"{listen} cannot be used for the status service: {error.strerror}",
            next_step="stop the program that has the port, or change status.listen",
        ) from error


def bound_together(listen: str, count: int) -> list[socket.socket]:
    """``count`` sockets with SO_REUSEPORT (socket(7)).

    Raises:
        Conflict: as `bound`; also when the port is shared by another supervisor of this user, which
        SO_REUSEPORT alone would allow.
    """
    bound(listen).close()
    with ExitStack() as opened:
        sockets = [opened.enter_context(bound(listen, shared=True)) for _ in range(count)]
        opened.pop_all()
    return sockets
