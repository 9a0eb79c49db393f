"""The process that a PKCS#11 module runs in: it may hang or crash without taking the desk along.

Started as ``python -m card_writer.pkcs11.child MODULE``; see `frames` for what it is sent. Nothing
of the module reaches the desk's terminal: middleware has been seen to print PINs.
"""

import os
import sys
from pathlib import Path
from typing import Final

import pkcs11
from pkcs11.exceptions import PKCS11Error

from card_writer.pkcs11 import frames
from card_writer.pkcs11.token import Token
from pki.secrecy import keep_memory_private

_CALLS: Final = frozenset(
    {
        *("slots", "open", "close", "init_token", "init_pin", "set_pin", "certificates"),
        *("public_key", "generate", "sign", "put_certificate", "notes", "put_note", "remove"),
    }
)


def main(module: str) -> int:
    """Serve until the desk closes the pipe."""
    keep_memory_private()
    coming = os.fdopen(os.dup(0), "rb", buffering=0)
    going = os.fdopen(os.dup(1), "wb", buffering=0)
    with Path(os.devnull).open("r+b") as nothing:
        for standard in (0, 1, 2):
            os.dup2(nothing.fileno(), standard)
    try:
        token = Token(pkcs11.lib(module), module)
    except (PKCS11Error, RuntimeError) as error:
        frames.write(going, {"error": type(error).__name__, "why": str(error)[:200]})
        return 1
    frames.write(going, {"ok": True})
    while True:
        try:
            head, parts = frames.read(coming)
        except frames.BrokenFrame:
            return 0
        answer, given = _serve(token, head, parts)
        frames.write(going, answer, given)


def _serve(
    token: Token, head: frames.Head, parts: list[bytearray]
) -> tuple[frames.Head, list[bytes]]:
    name = str(head.pop("call", ""))
    try:
        if name not in _CALLS:
            return {"error": "NoSuchCall"}, []
        result, given = getattr(token, name)(*parts, **head)
    except PKCS11Error as error:
        return {"error": type(error).__name__}, []
    except (ValueError, TypeError, KeyError, LookupError, AttributeError) as error:
        # What a module gave or was given fits nothing; its text may quote a PIN.
        return {"error": f"Unusable{type(error).__name__}"}, []
    finally:
        for part in parts:
            part[:] = bytes(len(part))
    return {"ok": result}, given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
