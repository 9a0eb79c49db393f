"""Private keys in files: PKCS#8 PEM (RFC 5958), always encrypted, for the owner alone."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from pki.domain.errors import ConfigurationInvalid, Conflict
from pki.keys.algorithms import PrivateKey, key_type_of

PASSPHRASE_MIN: Final = 16
"""Octets. The files' PBKDF2 has 2,048 rounds (measured): the passphrase must be unguessable."""

_SIZE_LIMIT: Final = 64 * 1024
_MARK: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def read_private_key(path: Path, passphrase: bytes) -> PrivateKey:
    """Decrypt the key in ``path``.

    Raises:
        ConfigurationInvalid: no such file, readable by others, not encrypted, wrong passphrase,
        or a key of
            a kind that is not used here. The passphrase is in no message and in no chained error.
    """
    pem = _read(path)
    if not pem.lstrip().startswith(_MARK):
        raise _invalid(path, "is not an encrypted PKCS#8 private key in PEM form")
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _invalid(path, "cannot be decrypted with the passphrase given") from None
    key_type_of(key.public_key())
    if not isinstance(key, PrivateKey):
        raise _invalid(path, "holds a key that cannot sign")
    return key


def write_private_key(path: Path, key: PrivateKey, passphrase: bytes) -> None:
    """Store ``key`` encrypted, mode 0600, durably; an existing file is never replaced.

    Raises:
        ConfigurationInvalid: the passphrase is shorter than `PASSPHRASE_MIN`.
        Conflict: ``path`` exists.
    """
    if len(passphrase) < PASSPHRASE_MIN:
        raise _invalid(path, f"needs a passphrase of at least {PASSPHRASE_MIN} octets")
    encryption = BestAvailableEncryption(passphrase)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(draft, pem)
        # A hard link appears whole and fails on an existing name, which a rename would replace.
        os.link(draft, path)
    except FileExistsError:
        raise Conflict(message=f"key file {path.name} exists; a key is never replaced") from None
    finally:
        draft.unlink(missing_ok=True)
    _make_durable(path.parent)


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _invalid(path, f"cannot be opened ({error.strerror})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid(path, "is not a regular file")
        if status.st_mode & 0o077:
            raise _invalid(path, "may be read or written by others than its owner", "chmod 600")
        if status.st_size > _SIZE_LIMIT:
            raise _invalid(path, "is too large for a private key")
        return os.read(descriptor, _SIZE_LIMIT)
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _invalid(path: Path, what: str, remedy: str = "") -> ConfigurationInvalid:
    next_step = f"{remedy} {path}" if remedy else "give the right key file and passphrase"
    return ConfigurationInvalid(
        key=str(path), message=f"key file {path.name} {what}", next_step=next_step
    )
