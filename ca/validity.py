"""From when until when a certificate counts: calendar arithmetic in UTC, whole seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason

_FEBRUARY: Final = 2
_LEAP_DAY: Final = 29


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """``years`` by the calendar, then ``days`` of 24 hours."""

    years: int = 0
    days: int = 0

    def after(self, start: datetime) -> datetime:
        """The same day and time, ``years`` on; 29 February becomes the 28th in a common year."""
        year = start.year + self.years
        day = start.day
        if (start.month, day) == (_FEBRUARY, _LEAP_DAY) and not _is_leap(year):
            day -= 1
        return start.replace(year=year, day=day) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """notBefore and notAfter; both count as valid (RFC 5280 4.1.2.5)."""

    not_before: datetime
    not_after: datetime


def whole_seconds(moment: datetime) -> datetime:
    """The moment in UTC with its fraction cut off: never later than it was."""
    return moment.astimezone(UTC).replace(microsecond=0)


def window(*, now: datetime, period: Period, backdate_seconds: int) -> Window:
    """The period that starts ``backdate_seconds`` before now."""
    start = whole_seconds(now) - timedelta(seconds=backdate_seconds)
    return Window(not_before=start, not_after=period.after(start))


def within_issuer(wanted: Window, *, issuer: Window, may_shorten: bool) -> Window:
    """The wanted window, kept inside the issuer's own.

    Raises:
        Refused: ISSUING_STOPPED: the issuer is not valid at the start, or ends too soon.
    """
    if not issuer.not_before <= wanted.not_before <= issuer.not_after:
        raise _stopped("the issuing CA is not valid at this moment")
    if wanted.not_after <= issuer.not_after:
        return wanted
    if not may_shorten:
        raise _stopped("the issuing CA ends before a certificate issued now would")
    return Window(not_before=wanted.not_before, not_after=issuer.not_after)


def _stopped(why: str) -> Refused:
    return Refused(
        reason=RefusalReason.ISSUING_STOPPED,
        message=why,
        next_step="hold a ceremony for the next generation of this CA and issue from that",
    )


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
