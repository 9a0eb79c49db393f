"""PINs of hardware tokens: where they may come from, and that they go nowhere else."""

import hmac
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from pki.domain.errors import ConfigurationInvalid

PIN_OCTETS_MAX: Final = 255
"""More than any token takes; a longer file is something else."""

_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


class Pin:
    """A PIN as octets in this process's memory: it shows itself nowhere and cannot be pickled."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        """Hold a PIN.

        Raises:
            ConfigurationInvalid: empty, too long, or with control characters.
        """
        if not octets or len(octets) > PIN_OCTETS_MAX or any(each < 0x20 for each in octets):  # noqa: PLR2004 -- below are control characters
            raise _unusable("is empty, too long or holds control characters")
        self._octets = octets

    def reveal(self) -> bytes:
        """The octets, for the one call that logs in."""
        return self._octets

    def same_as(self, other: "Pin") -> bool:
        """Whether both are one PIN; takes equally long either way."""
        return hmac.compare_digest(self._octets, other._octets)  # noqa: SLF001 -- of its own kind

    def __repr__(self) -> str:
        return "Pin(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PIN is not written down")


PinSource = Callable[[], Pin]
"""Gives the PIN when it is needed; a descriptor can be read only once."""


def pin_from_descriptor(number: int) -> Pin:
    """Read a PIN from an open file descriptor to its end, and close it.

    Raises:
        ConfigurationInvalid: not open, or it holds no PIN (any more).
    """
    try:
        with os.fdopen(number, "rb") as file:
            octets = file.read(PIN_OCTETS_MAX + 2)
    except OSError as error:
        raise _unusable(f"cannot be read from descriptor {number} ({error.strerror})") from None
    return _trimmed(octets)


def pin_from_credential(name: str, environment: Mapping[str, str]) -> Pin:
    """Read a credential that systemd passed to this service (LoadCredential in systemd.exec(5)).

    Raises:
        ConfigurationInvalid: this is no service with credentials, or has none of that name.
    """
    folder = environment.get(_CREDENTIALS)
    if folder is None:
        raise _unusable(f"cannot be read: {_CREDENTIALS} is not set, so systemd passed none")
    if not name or Path(name).name != name:
        raise _unusable("has a credential name that is no plain file name")
    try:
        # Who may read it is systemd's affair: it mounts the folder for the service's user alone.
        return _trimmed((Path(folder) / name).read_bytes())
    except OSError as error:
        raise _unusable(f"credential {name} cannot be read ({error.strerror})") from None


def pin_from_file(path: Path) -> Pin:
    """Read a file that only its owner may read or write.

    Raises:
        ConfigurationInvalid: no such file, not a regular one, or open to others.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(f"file {path} cannot be opened ({error.strerror})") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _unusable(f"file {path} is not a regular file")
        if mode & 0o077:
            raise _unusable(f"file {path} may be used by others than its owner: chmod 600 it")
        return _trimmed(os.read(descriptor, PIN_OCTETS_MAX + 2))
    finally:
        os.close(descriptor)


def pin_from_prompt(ask: Callable[[str], str], question: str) -> Pin:
    """Ask a person; ``ask`` must not echo (`getpass.getpass`)."""
    return Pin(ask(question).encode())


def _trimmed(octets: bytes) -> Pin:
    """Editors end a file with a line end, which is no part of a PIN."""
    return Pin(octets.removesuffix(b"\n").removesuffix(b"\r"))


def _unusable(what: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="pin",
        message=f"the PIN {what}",
        next_step="give the PIN in a file (0600), a systemd credential or an open descriptor",
    )
