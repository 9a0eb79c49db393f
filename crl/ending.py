"""When an issuer makes its last CRL: pure.

A last CRL is good for ever: its nextUpdate is `LAST_UPDATE`. It is not made while any certificate
in its scope is neither expired nor revoked (ETSI EN 319 411-1 6.3.9), and none follows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crl.policy import LAST_UPDATE

LAST_CALL: Final = timedelta(days=1)
"""So long before the CA's own end: what it signs afterwards, nobody could verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """When the last certificate that was issued ends, and the last of those not revoked, if any."""

    until: datetime | None
    trusted_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What is agreed of an issuer's end. ``ca_until`` is its certificate's notAfter.

    ``issues``: it may issue still, so only its own end ends it. ``ended``: someone says that it
    ended. Otherwise it goes on for ``archive_years`` after the last certificate's end.
    """

    ca_until: datetime
    archive_years: int
    issues: bool
    ended: bool

    def may_be_over(self, now: datetime) -> bool:
        """Whether the certificates need be looked at: not at a generation in full swing."""
        return self.ended or not self.issues or now >= self.ca_until - LAST_CALL

    def over(self, ends: Ends, now: datetime) -> bool:
        """Whether the next CRL is the last."""
        if ends.trusted_until is not None and ends.trusted_until >= now:
            return False
        if self.ended or now >= self.ca_until - LAST_CALL:
            return True
        if self.issues or ends.until is None:
            return False
        return now > years_after(ends.until, self.archive_years)


def years_after(moment: datetime, years: int) -> datetime:
    """The same day and time, ``years`` on; 29 February becomes 1 March in a common year."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def is_last(next_update: datetime) -> bool:
    """Whether a CRL with this nextUpdate is an issuer's last."""
    return next_update >= LAST_UPDATE
