"""Who can open a backup: certificates to make it, a private key to open it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pki.domain.errors import ConfigurationInvalid
from server.commands.backup.envelope import rsa_key_of


def read_recipients(
    paths: Sequence[Path], now: datetime, say: Callable[[str], None]
) -> list[x509.Certificate]:
    """The certificates in PEM files, each with an RSA key; a lapsed one is only remarked upon.

    Raises:
        ConfigurationInvalid: none, or a file that holds something else.
    """
    if not paths:
        raise ConfigurationInvalid(
            key="--to", message="a backup needs a recipient", next_step="give --to CERTIFICATE.pem"
        )
    found = [_read_recipient(path) for path in paths]
    for path, certificate in zip(paths, found, strict=True):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            say(f"note: the certificate in {path} is not valid today; is its key still kept?")
    return found


def _read_recipient(path: Path) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = rsa_key_of(certificate)
    except OSError as error:
        raise _invalid("--to", path, f"cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid("--to", path, "does not hold a certificate in PEM form") from None
    if key is None:
        raise _invalid("--to", path, "has no RSA key of 2048 bit or more to encrypt to")
    return certificate


def read_key(path: Path, passphrase_file: Path | None) -> RSAPrivateKey:
    """A recipient's private key.

    Raises:
        ConfigurationInvalid: it cannot be read, has another passphrase, or is not RSA.
    """
    passphrase = None
    try:
        if passphrase_file is not None:
            passphrase = passphrase_file.read_bytes().strip()
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        raise _invalid(
            "--key", Path(error.filename), f"cannot be read: {error.strerror}"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = "is not a private key in PEM form that this passphrase opens (--passphrase-file)"
        raise _invalid("--key", path, why) from None
    if not isinstance(key, RSAPrivateKey):
        raise _invalid("--key", path, "is not an RSA key")
    return key


def _invalid(option: str, path: Path, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=option, message=f"{path} {why}", next_step="give another file (docs/backup.md)"
    )
