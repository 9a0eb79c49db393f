"""Keeps what is in this process's memory out of the reach of others: keys, tokens, names."""

import ctypes
import logging
import os
import resource
from typing import Final

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
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is None or prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _log.warning("core dumps are only limited by size here: prctl is not available")
