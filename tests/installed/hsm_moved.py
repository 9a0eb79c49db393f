"""A practice installation whose Token CA key is in SoftHSM2."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from installed.practice import Practice
from pki.keys.key_file import read_private_key
from strangers.softhsm import SoftHsm

KEY_ID, OTHER_ID = "a1b2c3d4", "0002"
FILE_KEY = 'key = { file = "keys/token-ca-g1.pem", passphrase_file = "secrets/passphrase" }'


def key_setting(hsm: SoftHsm) -> str:
    """How the configuration names it."""
    inner = f'module = "{hsm.module}", token = "ca", key_id = "{KEY_ID}"'
    return f'key = {{ pkcs11 = {{ {inner}, pin_file = "secrets/hsm-pin" }} }}'


def move_key(practice: Practice, hsm: SoftHsm, folder: Path) -> None:
    """Move it from its file into the token `ca`, beside another key; `practice` now names that.

    ``folder``: for a moment the keys lie in it as they are.
    """
    hsm.add_token("ca")
    layout = practice.layout
    passphrase = layout.secret("passphrase").read_bytes()
    for name, key_id in (("token-ca-g1", KEY_ID), ("services-ca-g1", OTHER_ID)):
        key = read_private_key(layout.key(name), passphrase)
        plain = folder / f"{name}.plain.pem"
        plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        hsm.import_key("ca", key_id, name, plain)
        plain.unlink()
    layout.key("token-ca-g1").unlink()
    pin = layout.secret("hsm-pin")
    pin.touch(0o600)
    pin.write_bytes(hsm.pin + b"\n")
    practice.change((FILE_KEY, key_setting(hsm)))
