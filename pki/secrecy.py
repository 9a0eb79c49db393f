"""Keeps what is in a process's memory out of the reach of others: keys, PINs, tokens, names.

Every process of ours says so itself, first of all: a program that is started begins anew with a
memory that may be looked into (execve(2)), and inherits the limit on cores alone.
"""

import ctypes
import os
import signal
import sys
from typing import Final

if sys.platform != "win32":
    import resource

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_OTHERS: Final = 0o077


def keep_memory_private() -> bool:
    """No core file, no debugger of the same user; whether the system gives both.

    A core file of a CA holds its private key, one of a desk PINs. Being not dumpable (prctl(2),
    core(5)) also holds where cores are piped to a collector, to which the size limit does not
    apply. Windows writes no core unless its administrator asks for one.
    """
    if sys.platform == "win32":
        return False
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _prctl(_PR_SET_DUMPABLE, 0)


def keep_files_private() -> None:
    """No new file that others may read."""
    os.umask(_OTHERS)


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
