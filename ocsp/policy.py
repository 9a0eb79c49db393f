"""How long answers live, and the bounds of the responder."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pki.domain.errors import ConfigurationInvalid

MAX_AGE_LIMIT: Final = 60
"""Seconds: an HTTP cache may not hide a block for longer than this, whatever is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderPolicy:
    """Settings of the responder; ``ocsp.<name>`` in the configuration.

    ``validity``: nextUpdate of good and revoked. ``brief``: nextUpdate of what may never be stored.
    ``max_age``: seconds an HTTP cache may keep an answer. ``blindness``: how long kept answers go
    on without the store. ``cut_off``: seconds without contact after which the store is asked each
    time. ``read_seconds``: how long one look into the store may take.
    """

    validity: timedelta = timedelta(minutes=15)
    brief: timedelta = timedelta(seconds=60)
    max_age: int = 10
    blindness: float = 300.0
    cut_off: float = 2.0
    read_seconds: float = 2.0
    cache_entries: int = 65_536
    certificates_per_request: int = 64

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
        }
        for name, holds in rules.items():
            if not holds:
                raise ConfigurationInvalid(
                    key=f"ocsp.{name}",
                    message=f"ocsp.{name} is outside what keeps the promises of the status service",
                    next_step="max_age 0-60 s, validity at least 60 s and 4 x max_age, "
                    "brief 1-300 s, blindness at most validity, the others above 0",
                )
