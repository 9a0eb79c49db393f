"""One lock per role and data directory: a second writer is refused, readers run beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pki.domain.errors import AlreadyRunning


@contextmanager
def exclusive_role(directory: Path, role: str) -> Iterator[None]:
    """Hold the role until the block ends; the kernel gives it back if the process dies.

    Raises:
        AlreadyRunning: another process holds it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{role}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            running = f"process {holder or 'unknown'} already has the role {role}"
            raise AlreadyRunning(
                message=f"{running} on {directory.parent}",
                next_step="stop that process first, or give this one another data directory",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
