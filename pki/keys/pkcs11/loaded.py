"""The modules that this process uses: each shared library in one other process, for all callers.

This is the one place that keeps something for the whole process: what logs in at one token twice,
or makes sessions without bounds, is refused by many.
"""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from pki.domain.errors import ConfigurationInvalid
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.process import ModuleProcess

_LOCK: Final = Lock()
_MODULES: Final[dict[tuple[int, Path], Pkcs11Module]] = {}


def loaded_module(path: Path, *, answer_seconds: float) -> Pkcs11Module:
    """The module of a shared library; the first caller's time limit holds.

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
    with _LOCK:
        known = _MODULES.get((os.getpid(), real))
        if known is None:
            known = Pkcs11Module(
                real.name, lambda: ModuleProcess(real), answer_seconds=answer_seconds
            )
            _MODULES[os.getpid(), real] = known
        return known


def loaded_modules() -> tuple[Pkcs11Module, ...]:
    """All of this process, for metrics."""
    with _LOCK:
        return tuple(module for (pid, _), module in _MODULES.items() if pid == os.getpid())
