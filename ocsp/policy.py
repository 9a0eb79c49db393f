"""How long answers live, and the bounds of the responder."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pki.domain.errors import ConfigurationInvalid

MAX_AGE_LIMIT: Final = 60
"""Seconds: an HTTP cache may not hide a block for longer than this, whatever is configured."""

LONGEST_ARCHIVE: Final = 50
"""Years: how long at most a status may be promised to be told after a certificate's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderPolicy:
    """Settings of the responder; ``ocsp.<name>`` in the configuration.

    ``validity``: nextUpdate of good and revoked. ``brief``: nextUpdate of what may never be stored.
    ``max_age``: seconds an HTTP cache may keep an answer. ``blindness``: how long kept answers go
    on without the store. ``cut_off``: seconds without contact after which the store is asked each
    time. ``read_seconds``: how long one look into the store may take. ``extended_revoke``: what was
    never issued is called revoked (RFC 6960 2.2) and not unknown. ``archive_years``: how long after
    its end a certificate's status is still told; when above 0, answers say so (RFC 6960 4.4.4).
    ``ahead``: seconds before half its life at which an answer that is asked for is made anew; 0 is
    never. ``presign``: digests of the CertIDs (sha1, sha256) for which answers about all good
    certificates are signed before they are asked for.
    """

    validity: timedelta = timedelta(minutes=15)
    brief: timedelta = timedelta(seconds=60)
    max_age: int = 10
    blindness: float = 300.0
    cut_off: float = 1.0
    read_seconds: float = 2.0
    cache_entries: int = 65_536
    certificates_per_request: int = 64
    ahead: float = 60.0
    presign: tuple[str, ...] = ()
    extended_revoke: bool = False
    archive_years: int = 0

    def __post_init__(self) -> None:
        """Refuse what would break a promise.

        Raises:
            ConfigurationInvalid: names the setting.
        """
        rules = {
            "max_age": 0 <= self.max_age <= MAX_AGE_LIMIT,
            "validity": self.validity >= timedelta(seconds=4 * max(self.max_age, 15)),
            "brief": timedelta(seconds=1) <= self.brief <= timedelta(minutes=5),
            "blindness": 0 <= self.blindness <= self.validity.total_seconds(),
            "cut_off": self.cut_off > 0,
            "read_seconds": self.read_seconds > 0,
            "cache_entries": self.cache_entries >= 1,
            "certificates_per_request": self.certificates_per_request >= 1,
            "ahead": self.ahead >= 0,
            "archive_years": 0 <= self.archive_years <= LONGEST_ARCHIVE,
        }
        for name, holds in rules.items():
            if not holds:
                raise ConfigurationInvalid(
                    key=f"ocsp.{name}",
                    message=f"ocsp.{name} is outside what keeps the promises of the status service",
                    next_step="max_age 0-60 s, validity at least 60 s and 4 x max_age, "
                    "brief 1-300 s, blindness at most validity, archive_years 0-50, the others "
                    "above 0",
                )

    def archive_cutoff(self, produced_at: datetime) -> datetime | None:
        """The retention interval before ``produced_at``; None when answers do not tell it."""
        if self.archive_years == 0:
            return None
        year = produced_at.year - self.archive_years
        try:
            return produced_at.replace(year=year)
        except ValueError:  # 29 February: the day after is later, so it promises nothing too much
            return produced_at.replace(year=year, month=3, day=1)
