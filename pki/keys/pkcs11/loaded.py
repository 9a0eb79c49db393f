"""The modules that this process has loaded: a shared library is initialised once per process.

This is the one place that keeps something for the whole process, because PKCS#11 does so:
C_Initialize and C_Finalize count for all callers, and a second thread in a module crashes it.
"""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from pki.domain.errors import ConfigurationInvalid, EnvironmentMissing
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import Library

_LOCK: Final = Lock()
_MODULES: Final[dict[tuple[int, Path], Pkcs11Module]] = {}


def loaded_module(path: Path, *, answer_seconds: float) -> Pkcs11Module:
    """The module of a shared library; the first caller's time limit holds.

    A forked child gets one of its own, but may only use it if its parent had not yet.

    Raises:
        ConfigurationInvalid: there is no such file.
    """
    real = path.resolve()
    if not real.is_file():
        raise ConfigurationInvalid(
            key="module",
            message=f"PKCS#11 module {path} does not exist",
            next_step="install the HSM's software, or name its shared library",
        )

    def load() -> Library:
        try:
            from pki.keys.pkcs11.library import load as load_library  # noqa: PLC0415 -- an extra
        except ImportError as error:
            raise EnvironmentMissing(
                message="a key in an HSM needs python-pkcs11, which is not installed",
                next_step="install this program with its extra hsm",
            ) from error
        return load_library(real)

    with _LOCK:
        known = _MODULES.get((os.getpid(), real))
        if known is None:
            known = Pkcs11Module(real.name, load, answer_seconds=answer_seconds)
            _MODULES[os.getpid(), real] = known
        return known


def loaded_modules() -> tuple[Pkcs11Module, ...]:
    """All of this process, for metrics."""
    with _LOCK:
        return tuple(module for (pid, _), module in _MODULES.items() if pid == os.getpid())
