"""What every view must show of a certificate, and what is said when one does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the store says of a serial; ``status`` None: it was never issued.

    ``since``: when that began to hold. ``public``: the certificate that directories show, DER;
    None where they must show none.
    """

    issuer: IssuerId
    serial: SerialNumber
    status: CertificateStatus | None
    since: datetime
    public: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One view shows, after its stated delay, something else than the store says."""

    view: str
    issuer: IssuerId
    serial: SerialNumber
    expected: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A view that could not be looked at, and why."""

    view: str
    why: str


class View(Protocol):
    """One way in which relying parties look."""

    @property
    def name(self) -> str:
        """How findings and metrics call it."""

    @property
    def lag(self) -> timedelta:
        """How long after a change it may still show what was before."""

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        """What is seen of those that are not shown as they must be.

        Raises:
            ZorgidError: it cannot be looked at, or what it shows cannot be trusted.
        """


def expected_of(history: Sequence[StatusInterval], der: bytes | None) -> Expected:
    """From a certificate's history, which is not empty.

    A directory shows what once was confirmed, for ever.
    """
    last = history[-1]
    confirmed = any(isinstance(each.status, Good | OnHold) for each in history)
    return Expected(
        issuer=last.issuer,
        serial=last.serial,
        status=last.status,
        since=last.since,
        public=der if confirmed else None,
    )


def said(status: CertificateStatus | None) -> str:
    """A status in a few words, for findings."""
    match status:
        case None:
            return "never issued"
        case Good():
            return "good"
        case OnHold(since=since) | Unconfirmed(since=since):
            return f"on hold since {encode_time(since.replace(microsecond=0))}"
        case Revoked(at=at, reason=reason):
            why = "no reason" if reason is None else reason.name.lower()
            return f"revoked {encode_time(at.replace(microsecond=0))}, {why}"
