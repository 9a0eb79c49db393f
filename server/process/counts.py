"""What is counted of the journal as this process writes it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from pki.domain.events import (
    CardBlocked,
    CardLapsed,
    CardRevoked,
    CertificateIntended,
    CertificateIssued,
    Event,
    IntentClosed,
    RequestRefused,
    ResponderCertified,
    ResponderIntended,
)
from pki.domain.identifiers import SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.events import (
    MobielBlocked,
    MobielEnded,
    MobielIntended,
    MobielIntentClosed,
    MobielRegistered,
    MobielRenewed,
    MobielSuperseded,
)
from pki.telemetry.metrics import Reading

_UNKNOWN: Final = "unknown"
_MOST_OPEN: Final = 10_000


class JournalCounts:
    """Certificates, refusals and the journal's end, from entries after they are committed."""

    def __init__(self, position: int) -> None:
        """Begin at the journal's end of now."""
        self._position = position
        self._profiles: dict[SerialNumber, str] = {}
        self._issued: Counter[str] = Counter()
        self._revoked: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    @property
    def position(self) -> int:
        """That of the newest entry."""
        return self._position

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Count these."""
        for entry in entries:
            self._position = max(self._position, entry.position)
            self._count(entry)

    def readings(self) -> Iterator[Reading]:
        """All counts since the process began."""
        yield Reading(name="zorgid_journal_position", value=self._position)
        families = (
            ("zorgid_certificates_issued_total", "profile", self._issued),
            ("zorgid_certificates_revoked_total", "reason", self._revoked),
            ("zorgid_refusals_total", "reason", self._refused),
        )
        for name, label, values in families:
            for key, value in dict(values).items():
                yield Reading(name=name, value=value, labels={label: key})

    def _count(self, entry: JournalEntry) -> None:
        match entry.event:
            case CertificateIntended() | MobielIntended() | ResponderIntended() as event:
                self._intended(event.serial, event.profile)
            case (
                CertificateIssued() | MobielRegistered() | MobielRenewed() | ResponderCertified()
            ) as event:
                self._issued[self._profiles.pop(event.serial, _UNKNOWN)] += 1
            case RequestRefused(reason=why):
                self._refused[why.name.lower()] += 1
            case other:
                reason = _ended_by(other)
                if reason is not None:
                    self._revoked[reason] += 1

    def _intended(self, serial: SerialNumber, profile: str) -> None:
        """Profiles by their names, without the digest; an intent may never become a certificate."""
        if len(self._profiles) >= _MOST_OPEN:
            self._profiles.pop(next(iter(self._profiles)))
        self._profiles[serial] = profile.partition("@")[0]


def _ended_by(event: Event) -> str | None:
    """Why a certificate is not good any more, if this event made it so."""
    match event:
        case CardBlocked(reason=why) | MobielBlocked(reason=why):
            return f"hold:{why.name.lower()}"
        case CardRevoked(reason=why) | MobielEnded(reason=why):
            return why.name.lower()
        case MobielSuperseded():
            return "superseded"
        case IntentClosed() | MobielIntentClosed():
            return "intent_closed"
        case CardLapsed(serial=SerialNumber()):
            return "lapsed"
        case _:
            return None
