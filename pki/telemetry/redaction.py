"""What may be shown of a value. Decided by its type, so that no new field shows by oversight.

Shown: numbers, text, times, enumerations, and the identifiers listed here. Of every other value,
birth dates, names, UZI numbers, octets and secrets included, only the type's name is shown.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from typing import Final

from pki.domain.identifiers import (
    CardId,
    ChallengeId,
    IssuerId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
)

_PLAIN: Final = (str, int, float, bool)
_IDENTIFIERS: Final = (
    CardId,
    ChallengeId,
    IssuerId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
)
_SECRET_NAMES: Final = frozenset(
    {"pin", "puk", "password", "passphrase", "secret", "token", "birth_date", "authorization"}
)
_NAMES: Final = 512
"""Names of fields that are judged once: every request logs the same ones."""

_DEPTH: Final = 4
_ITEMS: Final = 100

Shown = str | int | float | bool | None | list["Shown"] | dict[str, "Shown"]
"""What JSON can hold."""


@lru_cache(maxsize=_NAMES)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name is left out: ``pin``, ``new_pin``, ``PIN``."""
    lowered = name.lower().replace("-", "_")
    return any(lowered == each or lowered.endswith(f"_{each}") for each in _SECRET_NAMES)


def shown(value: object, depth: int = _DEPTH) -> Shown:
    """The value as it may be shown, or ``<type>`` in its place."""
    # A subclass of text may be a secret that was wrapped: only the plain types themselves pass.
    if value is None or (isinstance(value, (str, int, float)) and type(value) in _PLAIN):
        return value
    if isinstance(value, Enum):
        return shown(value.value, depth)
    if isinstance(value, (*_IDENTIFIERS, PurePath, timedelta)):
        return str(value)
    # A bare date is a birth date sooner than anything that a log needs.
    if isinstance(value, (datetime, time)):
        return value.isoformat()
    if depth and isinstance(value, Mapping):
        return _mapping(value, depth - 1)
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return [shown(each, depth - 1) for each in list(value)[:_ITEMS]]
    return hidden(value)


def hidden(value: object) -> str:
    """The type's name in place of the value; the length of octets, which is no secret."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} octets>"
    return f"<{type(value).__name__}>"


def _mapping(value: Mapping[object, object], depth: int) -> dict[str, Shown]:
    pairs = list(value.items())[:_ITEMS]
    return {
        key: shown(each, depth)
        for key, each in pairs
        if isinstance(key, str) and not is_secret_name(key)
    }
