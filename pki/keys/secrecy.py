"""Keeps what is in a process's memory out of the reach of others: keys, PINs, tokens, names."""

import ctypes
import logging
import os
import resource
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_OTHERS: Final = 0o077

_log: Final = logging.getLogger(__name__)


def keep_memory_private() -> None:
    """No core file, no debugger of the same user, no new file that others may read.

    A core file of a CA holds its private key. Being not dumpable (prctl(2), core(5)) also holds
    where cores are piped to a collector, to which the size limit does not apply.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(_OTHERS)
    if not _prctl(_PR_SET_DUMPABLE, 0):
        _log.warning("core dumps are only limited by size here: prctl is not available")


def end_with_parent(parent: int) -> None:
    """Be killed when the parent ends, even inside a call that never returns (prctl(2)).

    ``parent`` is its process id: one that ended before this was asked for is noticed as well.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit


def _prctl(option: int, value: int) -> bool:
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    return prctl is not None and prctl(option, value, 0, 0, 0) == 0
