"""How long a card may be without an organisation that manages it.

Two months (FAQ ZORG-ID Smartcard) unless a choice says otherwise, by the calendar: the same day of
the month and time of day in UTC, or the month's last day where it has no such day. The clock starts
when the last link ends; a new link stops it.
"""

import calendar
from datetime import datetime, timedelta
from typing import Final

MONTHS_UNLINKED: Final = 2

_SHORTEST_MONTH: Final = timedelta(days=28)


def shortest(months: int = MONTHS_UNLINKED) -> timedelta:
    """What lost its last link later than so long ago cannot be due."""
    return months * _SHORTEST_MONTH


def ends_at(unlinked_since: datetime, months: int = MONTHS_UNLINKED) -> datetime:
    """When a card that lost its last link at ``unlinked_since`` ends by itself."""
    years, month = divmod(unlinked_since.month - 1 + months, 12)
    year = unlinked_since.year + years
    day = min(unlinked_since.day, calendar.monthrange(year, month + 1)[1])
    return unlinked_since.replace(year=year, month=month + 1, day=day)
