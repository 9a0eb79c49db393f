"""Keys as the configuration names them, each checked against the certificate it belongs to."""

from pathlib import Path
from typing import Final

from pki.api.fields import from_pem
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.keys.checked import CheckedSigner, require_same_key
from pki.keys.pool import PooledSigner
from pki.keys.soft import SoftSigner
from pki.ports import Signer
from server.settings import KeySettings, LimitSettings

CONCURRENCY: Final = 2
"""RSA signatures release the interpreter, so two at once use two processors."""


def read_certificate_file(path: Path) -> bytes:
    """The DER of the one certificate in a PEM file.

    Raises:
        ConfigurationInvalid: it cannot be read or holds something else.
    """
    try:
        return from_pem(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"{path} does not hold one PEM certificate",
            next_step="put the certificate of the key ceremony there",
        ) from error


def read_passphrase(settings: KeySettings) -> bytes:
    """The passphrase of a key file.

    Raises:
        ConfigurationInvalid: its file may be read by others, or cannot be read.
    """
    path = settings.passphrase_file
    try:
        mode, passphrase = path.stat().st_mode, path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"{path} cannot be read: {error.strerror}",
            next_step="restore it",
        ) from error
    if mode & 0o077:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"{path.name} holds a passphrase and may be read by others than its owner",
            next_step=f"chmod 600 {path}",
        )
    return passphrase


def load_signer(settings: KeySettings, certificate: bytes, limits: LimitSettings) -> Signer:
    """The signer of a CA: checked against its certificate, verified after use, bounded.

    Raises:
        ConfigurationInvalid: the key file cannot be used.
        KeyMismatch: it is another key than the certificate's.
    """
    soft = SoftSigner.load(settings.file, read_passphrase(settings))
    require_same_key(soft, certificate)
    return bounded(soft, limits)


def bounded(signer: Signer, limits: LimitSettings) -> Signer:
    """A signer that releases only what verifies, within the limits of the configuration."""
    return PooledSigner(
        CheckedSigner(signer),
        concurrency=CONCURRENCY,
        queue_limit=limits.signing_queue,
        timeout_seconds=limits.signing_seconds,
    )
