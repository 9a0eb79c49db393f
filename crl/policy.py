"""How often a CRL is made, how long it lives, and how long a copy may be kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.domain.errors import ConfigurationInvalid

LAST_UPDATE: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""nextUpdate of an issuer's last CRL (RFC 5280 4.1.2.5, ETSI EN 319 411-1 6.3.9)."""

MAX_AGE_LIMIT: Final = 3600
"""Seconds: an HTTP cache may not add more than the time between two planned CRLs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlPolicy:
    """Settings of CRLs; ``crl.<name>`` in the configuration.

    ``every``: a CRL at least this often. ``validity``: nextUpdate; long, because relying parties
    that find no valid CRL refuse every card. ``coalesce``: seconds in which changes are gathered
    into one CRL. ``max_age``: seconds an HTTP cache may keep one. ``delta_span``: how far back a
    delta reaches, so that whoever holds a CRL of that time needs nothing else. ``phase``: how much
    sooner than ``every`` says planned ones are made, drawn when a process starts, so that those of
    several lists and installations do not all fall together.
    """

    every: timedelta = timedelta(hours=1)
    validity: timedelta = timedelta(hours=48)
    coalesce: float = 0.3
    max_age: int = 60
    delta_span: timedelta = timedelta(hours=24)
    phase: timedelta = timedelta(0)

    @property
    def delta_validity(self) -> timedelta:
        """How long a delta lives: who finds no newer one falls back on a complete CRL."""
        return 2 * self.every

    def __post_init__(self) -> None:
        """Refuse what would break a promise.

        Raises:
            ConfigurationInvalid: names the setting.
        """
        rules = {
            "every": timedelta(minutes=1) <= self.every <= timedelta(hours=24),
            "validity": 2 * self.every <= self.validity <= timedelta(days=10),
            "coalesce": 0 <= self.coalesce <= 1,
            "max_age": 0 <= self.max_age <= MAX_AGE_LIMIT,
            "phase": timedelta(0) <= self.phase <= self.every / 4,
            "delta_span": self.every <= self.delta_span <= timedelta(days=10),
        }
        for name, holds in rules.items():
            if not holds:
                raise ConfigurationInvalid(
                    key=f"crl.{name}",
                    message=f"crl.{name} is outside what keeps the promises of the CRL",
                    next_step="every 1 min-24 h, validity from 2 x every to 10 days, "
                    "coalesce 0-1 s, max_age 0-3600 s, delta_span from every to 10 days, "
                    "phase at most a quarter of every",
                )
