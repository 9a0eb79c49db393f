"""Files that must be whole or absent, and readable by their owner alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pki.domain.errors import ConfigurationInvalid


def require_private(path: Path, key: str) -> None:
    """Make sure that nobody but its owner may use the file which the setting ``key`` names.

    Raises:
        ConfigurationInvalid: others may, or it is not there.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _unreadable(path, key, error) from error
    if mode & 0o077:
        raise ConfigurationInvalid(
            key=key,
            message=f"{path.name} may be read by others than its owner",
            next_step=f"chmod 600 {path}",
        )


def read_private(path: Path, key: str) -> bytes:
    """A secret without the white space around it, out of a file that is `require_private`'s.

    Raises:
        ConfigurationInvalid: others may use the file, or it cannot be read.
    """
    require_private(path, key)
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise _unreadable(path, key, error) from error


def read_private_text(path: Path, key: str) -> str:
    """As `read_private`, in UTF-8.

    Raises:
        ConfigurationInvalid: as `read_private`, or it is no text.
    """
    try:
        return read_private(path, key).decode()
    except UnicodeDecodeError:
        raise ConfigurationInvalid(
            key=key, message=f"{path} holds no text in UTF-8", next_step=f"correct {key}"
        ) from None


def _unreadable(path: Path, key: str, error: OSError) -> ConfigurationInvalid:
    why = "it is not there" if isinstance(error, FileNotFoundError) else error.strerror
    return ConfigurationInvalid(
        key=key,
        message=f"{path} cannot be read: {why}",
        next_step=f"restore it, or correct {key}",
    )


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, mode 0600, durably.

    Raises:
        FileExistsError: it exists; nothing is ever replaced.
    """
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file, mode 0600, piece by piece; durable at the end, removed when it fails.

    Raises:
        FileExistsError: it exists; nothing is ever replaced.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Put a new file in place by rename: readers see the old one or the new one, never half."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    write_new(part, content)
    part.replace(path)
