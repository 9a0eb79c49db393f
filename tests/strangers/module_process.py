"""The processes of PKCS#11 modules, as whoever started them cannot be asked for them."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def module_processes(parent: int | None = None) -> list[int]:
    """Those that a process has started, this one if none is named."""
    wanted = str(os.getpid() if parent is None else parent)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            after_name = (folder / "stat").read_text().rpartition(") ")[2]
        except OSError:
            continue
        if b"pkcs11" in words and after_name.split()[1] == wanted:
            found.append(int(folder.name))
    return sorted(found)


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """Files of module processes cannot grow: what SoftHSM meets on a full disk."""
    before = {each: resource.prlimit(each, resource.RLIMIT_FSIZE) for each in module_processes()}
    for each, (_, hard) in before.items():
        resource.prlimit(each, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for each, limits in before.items():
            resource.prlimit(each, resource.RLIMIT_FSIZE, limits)
