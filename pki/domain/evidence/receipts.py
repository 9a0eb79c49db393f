"""When the world outside first showed a change."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What ``sink`` (ocsp, crl, ldap …) is known to show of journal entry ``position``.

    ``shown_at`` and ``sha256`` (of what was read) are None while it was not seen there. It never
    will be when ``superseded_by`` names an entry that changed the same certificate meanwhile.
    """

    position: int
    sink: str
    shown_at: datetime | None = None
    sha256: bytes | None = None
    superseded_by: int | None = None
