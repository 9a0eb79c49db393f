"""Writing files that must be whole or absent, and readable by their owner alone."""

import os
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, mode 0600, durably.

    Raises:
        FileExistsError: it exists; nothing is ever replaced.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put a new file in place by rename: readers see the old one or the new one, never half."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    write_new(part, content)
    part.replace(path)
