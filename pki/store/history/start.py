"""Where a follower begins that keeps what it knows in memory alone."""

from dataclasses import dataclass

from pki.domain.journal import JournalHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The journal as it was when its facts were read.

    ``confirmed``: when a loss, or a restore, had last been confirmed; microseconds since 1970, 0
    for never.
    """

    head: JournalHead
    confirmed: int
