"""Codes that people pass on, and tokens that programs hold; the store keeps their digests."""

import base64
import hashlib
import hmac
from typing import Final

from pki.ports import Entropy

_CODE_OCTETS: Final = 16
"""128 bits: nobody guesses it within ten days."""

_TOKEN_OCTETS: Final = 32


def new_code(entropy: Entropy) -> str:
    """A code of chance: base32, without padding."""
    return _code(entropy.octets(_CODE_OCTETS))


def code_from(salt: bytes, message: bytes) -> str:
    """The code of what ``message`` names, the same each time; not to be made without the salt."""
    return _code(hmac.digest(salt, message, "sha256")[:_CODE_OCTETS])


def code_digest(code: str) -> bytes:
    """As the store keeps a code: SHA-256, whatever case it was typed in."""
    return hashlib.sha256(code.upper().encode()).digest()


def new_token(entropy: Entropy) -> str:
    """A bearer token: base64url of 256 bits, without padding."""
    return base64.urlsafe_b64encode(entropy.octets(_TOKEN_OCTETS)).decode().rstrip("=")


def token_digest(token: str) -> bytes:
    """As the store keeps a bearer token: SHA-256."""
    return hashlib.sha256(token.encode()).digest()


def _code(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=")
