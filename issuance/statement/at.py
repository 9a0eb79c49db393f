"""Which status a certificate had at a moment: pure, from its intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pki.domain.errors import Conflict, Malformed, NotFound
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalHead, RawEntry
from pki.domain.mobiel.records import SubscriberCertificate
from pki.domain.records import StatusInterval
from pki.domain.status import Good, Revoked

SETTLED: Final = timedelta(minutes=1)
"""A transaction has its time before others see it; none is under way for as long as this."""


Validity = Literal["before", "within", "after"]
"""Where a moment lies in a certificate's own dates, both of which belong to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Status of what, when. ``issuer`` is None for whichever of our CAs recorded the serial."""

    serial: SerialNumber
    at: datetime
    issuer: IssuerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the store knows, from one snapshot.

    ``history`` is what the asked issuer recorded for the serial, oldest first, and ``entries`` the
    journal entries that begin its intervals. ``begins`` is the time of the journal's first entry,
    ``known_until`` that of its last; None in an empty one.
    """

    installation: str
    kind: str
    certificate: SubscriberCertificate | None
    history: tuple[StatusInterval, ...]
    entries: tuple[RawEntry, ...]
    head: JournalHead
    begins: datetime | None
    known_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAt:
    """The answer. ``interval`` is None when the serial was not issued then, or never was.

    ``validity`` is None where there is no certificate (and where there never was one).
    """

    question: Question
    facts: Facts
    interval: StatusInterval | None
    validity: Validity | None

    @property
    def valid(self) -> bool:
        """Whether a signature made at that moment was to be accepted: good, and within dates."""
        status = None if self.interval is None else self.interval.status
        return isinstance(status, Good) and self.validity == "within"

    @property
    def compromised_since(self) -> datetime | None:
        """From when on the key must be mistrusted, by what is known now; None where it is not.

        It changes nothing of what held then: who verified in time accepted what was `valid`.
        """
        history = self.facts.history
        last = history[-1].status if history else None
        return last.compromised_since if isinstance(last, Revoked) else None


def read_moment(text: str) -> datetime:
    """A time as RFC 3339 writes it, with its time zone.

    Raises:
        Malformed: another form, or no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise Malformed(
            what="time",
            message="not a time with a time zone",
            next_step="write it as 2026-11-22T09:30:00Z, or with an offset such as +01:00",
        )
    return moment.astimezone(UTC)


def status_at(question: Question, facts: Facts, now: datetime) -> StatusAt:
    """Judge. At the very instant of a change the new status holds.

    Raises:
        Malformed: the time lies in the future.
        Conflict: so shortly ago that a change of that moment may not be visible yet.
        NotFound: before the journal begins; nothing is known of that time.
    """
    _require_known(question.at, facts, now)
    interval = interval_at(facts.history, question.at)
    certificate = facts.certificate
    return StatusAt(
        question=question,
        facts=facts,
        interval=interval,
        validity=None if certificate is None else _validity(certificate, question.at),
    )


def interval_at(history: Sequence[StatusInterval], at: datetime) -> StatusInterval | None:
    """The last interval that began at ``at`` or before; None before the first."""
    return next((each for each in reversed(history) if each.since <= at), None)


def _require_known(at: datetime, facts: Facts, now: datetime) -> None:
    if at > now:
        raise Malformed(
            what="time",
            message="the time lies in the future: no status is known of it",
            next_step="give a moment that is over; see the clock of this computer",
        )
    if facts.begins is None or at < facts.begins:
        begins = "is empty" if facts.begins is None else f"begins at {encode_time(facts.begins)}"
        raise NotFound(
            what="status",
            message=f"the journal {begins}: nothing is known of the time before",
            next_step="ask whoever kept the records of that time",
        )
    if at > now - SETTLED and (facts.known_until is None or at >= facts.known_until):
        raise Conflict(
            message="the time is so recent that a change of that moment may not be recorded yet",
            next_step=f"ask again after {encode_time(at + SETTLED)}, or ask OCSP what holds now",
        )


def _validity(certificate: SubscriberCertificate, at: datetime) -> Validity:
    """RFC 5280 4.1.2.5: notBefore and notAfter inclusive, in whole seconds."""
    if at < certificate.not_before:
        return "before"
    if at.replace(microsecond=0) > certificate.not_after:
        return "after"
    return "within"
