"""How many connections the system's limit of open files leaves room for."""

import logging
import resource
from typing import Final

_log = logging.getLogger(__name__)

KEPT_FREE: Final = 200
"""Descriptors for everything else: store, keys, logs, metrics, the loop."""

LEAST: Final = 10
"""Connections, however little is allowed."""


def fitting(connections: int, soft: int, hard: int) -> tuple[int, int]:
    """The soft limit to ask for, and how many of ``connections`` fit; pure.

    ``soft`` and ``hard`` are those of RLIMIT_NOFILE (getrlimit(2)), a negative one for no limit.
    """
    wanted = connections + KEPT_FREE
    if soft < 0:
        return soft, connections
    allowed = wanted if hard < 0 else min(wanted, hard)
    soft = max(soft, allowed)
    return soft, max(LEAST, min(connections, soft - KEPT_FREE))


def room_for(connections: int, *, beside: int = 0) -> int:
    """Allow this process as many open files as they need; how many of them there is room for.

    A flood of connections must not take the descriptors that store and keys need. ``beside``: those
    of another listener, which may be in this process.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    asked, fits = fitting(connections + beside, soft, hard)
    if asked != soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (asked, hard))
    if fits < connections:
        _log.warning(
            "the limit of open files leaves room for fewer connections than are configured",
            extra={
                "wanted": connections,
                "allowed": fits,
                "next_step": "raise it (LimitNOFILE=, ulimit -n) or lower connections",
            },
        )
    return min(connections, fits)
