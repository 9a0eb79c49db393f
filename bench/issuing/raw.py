"""What a PKCS#11 module signs by itself: one loop in a process of its own, nothing around it.

    python raw.py LIBRARY TOKEN PIN KEY_ID SECONDS

Started by `suite`; prints signatures per second.
"""

import sys
import time
from pathlib import Path

from pki.keys.pkcs11.library import load
from pki.keys.pkcs11.ports import KeyName, Operation


def rate(library: Path, key: KeyName, pin: bytes, seconds: float) -> float:
    """Signatures per second, of the size that a SHA-256 with RSA has."""
    session = load(library).open(key.token, pin, again=False)
    asked = Operation(mechanism="RSA_PKCS", data=bytes(51))
    session.sign(key, asked)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        session.sign(key, asked)
        done += 1
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    path, token, secret, key_id, length = sys.argv[1:]
    name = KeyName(token=token, key_id=bytes.fromhex(key_id))
    print(rate(Path(path), name, secret.encode(), float(length)))
