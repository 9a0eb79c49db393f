"""A statement's content: canonical JSON, as docs/status.md describes it member by member."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, assert_never

from issuance.statement.at import StatusAt
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId
from pki.domain.journal import canonical_json, exported
from pki.domain.mobiel.records import SubscriberCertificate
from pki.domain.reasons import RevocationReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed

TYPE: Final = "zorg-id-status-statement"
VERSION: Final = 1

Json = dict[str, object]

StatusName = Literal["not-issued", "good", "unconfirmed", "on-hold", "revoked"]
_HOLD: Final = "certificateHold"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWords:
    """A status, and what a responder and a full CRL of that moment said of it.

    ``reason`` is written as in RFC 5280 5.3.1; None also for unspecified.
    """

    name: StatusName
    ocsp: Literal["good", "revoked", "unknown"]
    revoked_at: datetime | None = None
    reason: str | None = None
    compromised_since: datetime | None = None
    listed: bool = False


def statement(found: StatusAt, made_at: datetime) -> bytes:
    """What is signed: the UTF-8 text of a JSON object, encoded as journal entries are."""
    return canonical_json(described(found) | {"made_at": encode_time(made_at)})


def described(found: StatusAt) -> Json:
    """All members of a statement but when it was made."""
    question, facts, issuer = found.question, found.facts, issuer_of(found)
    return {
        "type": TYPE,
        "version": VERSION,
        "installation": {"id": facts.installation, "kind": facts.kind},
        "serial": question.serial.hex,
        "issuer": None if issuer is None else issuer.value,
        "at": encode_time(question.at),
        "answer": _answer(found),
        "certificate": None if facts.certificate is None else _certificate(facts.certificate),
        "history": [_interval(each) for each in facts.history],
        "entries": [exported(each) for each in facts.entries],
        "journal": {
            "position": facts.head.position,
            "digest": facts.head.digest.hex(),
            "begins": _time(facts.begins),
            "known_until": _time(facts.known_until),
        },
    }


def issuer_of(found: StatusAt) -> IssuerId | None:
    """The CA that recorded the serial, or else the one that was asked about."""
    history = found.facts.history
    return history[0].issuer if history else found.question.issuer


def status_words(status: CertificateStatus | None) -> StatusWords:
    """A status in words; None is that of a serial that was not issued."""
    match status:
        case None:
            return StatusWords(name="not-issued", ocsp="unknown")
        case Good():
            return StatusWords(name="good", ocsp="good")
        case Unconfirmed(since=at):
            return StatusWords(name="unconfirmed", ocsp="revoked", revoked_at=at, reason=_HOLD)
        case OnHold(since=at):
            return StatusWords(
                name="on-hold", ocsp="revoked", revoked_at=at, reason=_HOLD, listed=True
            )
        case Revoked(at=at, reason=code, compromised_since=since):
            return StatusWords(
                name="revoked",
                ocsp="revoked",
                revoked_at=at,
                reason=None if code is None else _camel(code),
                compromised_since=since,
                listed=True,
            )
        case _:
            assert_never(status)


def _answer(found: StatusAt) -> Json:
    interval = found.interval
    words = status_words(None if interval is None else interval.status)
    return {
        "valid": found.valid,
        "validity": found.validity,
        "since": None if interval is None else encode_time(interval.since),
        "position": None if interval is None else interval.position,
        "ocsp": words.ocsp,
        "crl": "listed" if words.listed else "absent",
    } | (_told(words) | {"compromised_since": _time(found.compromised_since)})


def _told(words: StatusWords) -> Json:
    return {
        "status": words.name,
        "revoked_at": _time(words.revoked_at),
        "reason": words.reason,
        "compromised_since": _time(words.compromised_since),
    }


def _camel(reason: RevocationReason) -> str:
    """The reason as RFC 5280 5.3.1 writes it."""
    first, *others = reason.name.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


def _certificate(certificate: SubscriberCertificate) -> Json:
    """Its digest and dates; its names are personal data and stay out."""
    return {
        "sha256": hashlib.sha256(certificate.der).hexdigest(),
        "not_before": encode_time(certificate.not_before),
        "not_after": encode_time(certificate.not_after),
    }


def _interval(interval: StatusInterval) -> Json:
    return {
        "since": encode_time(interval.since),
        "until": _time(interval.until),
        "position": interval.position,
    } | _told(status_words(interval.status))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else encode_time(moment)
