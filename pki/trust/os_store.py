"""Whether this computer's own trust store knows a root certificate."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from oscrypto import trust_list


class OsTrust(Enum):
    """What the operating system says of a root."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class OsStoreFinding:
    """The finding, and one sentence that explains it. ``roots`` is how many the store holds."""

    trust: OsTrust
    roots: int
    reason: str


def _system_roots() -> Iterable[bytes]:
    entries: list[tuple[Any, ...]] = trust_list.get_list(cache_length=0)
    return [entry[0].dump() for entry in entries]


def operating_system_trusts(
    sha256: bytes, roots: Callable[[], Iterable[bytes]] = _system_roots
) -> OsStoreFinding:
    """Look for the certificate with this SHA-256 (of its DER) among the system's roots.

    Blocking; reads files on Linux and the native stores on Windows and macOS. Never raises: a store
    that cannot be read is a finding too.
    """
    try:
        digests = {hashlib.sha256(der).digest() for der in roots()}
    except Exception as error:  # noqa: BLE001 -- the library raises whatever the platform gives
        return OsStoreFinding(
            trust=OsTrust.UNREADABLE,
            roots=0,
            reason=f"the trust store cannot be read ({type(error).__name__})",
        )
    if sha256 in digests:
        return OsStoreFinding(
            trust=OsTrust.KNOWN, roots=len(digests), reason="the root is in the trust store"
        )
    return OsStoreFinding(
        trust=OsTrust.UNKNOWN,
        roots=len(digests),
        reason=f"the root is not among the {len(digests)} of the trust store",
    )
