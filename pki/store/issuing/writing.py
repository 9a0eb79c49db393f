"""Writing intents, certificates and status, with as few statements as that takes."""

import hashlib
from collections.abc import Callable
from dataclasses import fields
from typing import Final

import sqlalchemy as sa

from pki.domain.errors import Conflict, IntegrityBroken, KeyRejected, NotFound
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry, actor_text
from pki.domain.mobiel.records import MobielCertificate, MobielIntent
from pki.domain.records import Intent, IssuedCertificate
from pki.domain.status import CertificateStatus, Revoked, Unconfirmed
from pki.store import schema
from pki.store.journal_reads import status_columns
from pki.store.people.tables import telephones
from pki.store.short_lived.writing import ShortLivedWrites

_CERTIFICATES: Final = schema.certificates
_INTERVALS: Final = schema.status_intervals
_OF_SERIAL: Final = _CERTIFICATES.c.serial == sa.bindparam("of_serial")
_USED: Final = sa.select(
    sa.exists().where(_OF_SERIAL).label("serial_used"),
    sa.exists().where(schema.keys_seen.c.key_sha256 == sa.bindparam("of_key")).label("key_seen"),
)
_INTENDED: Final = sa.insert(_CERTIFICATES)
_KEY_USED_UP: Final = sa.insert(schema.keys_seen)
_OF_CARD: Final = ("issuer", "card_id", "key_sha256")
_OF_MOBIEL: Final = ("issuer", "mobiel_id", "key_sha256")
_COMPLETED: Final = {
    belonging: sa.update(_CERTIFICATES).where(
        _OF_SERIAL,
        *(_CERTIFICATES.c[name] == sa.bindparam(f"of_{name}") for name in belonging),
        _CERTIFICATES.c.der.is_(None),
        _CERTIFICATES.c.status == "unconfirmed",
    )
    for belonging in (_OF_CARD, _OF_MOBIEL)
}
_REDEEMED: Final = sa.insert(telephones)
_STATUS_CHANGES: Final = sa.update(_CERTIFICATES).where(_OF_SERIAL)
_INTERVAL_ENDS: Final = sa.update(_INTERVALS).where(
    _INTERVALS.c.serial == sa.bindparam("of_serial"), _INTERVALS.c.until.is_(None)
)
_INTERVAL_BEGINS: Final = sa.insert(_INTERVALS)


class IssuingWrites(ShortLivedWrites):
    """The part of a change that issues and gives certificates their status."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._intended: dict[SerialNumber, Intent | MobielIntent] = {}

    def put_intent(self, intent: Intent) -> None:
        """Record what is about to be signed: its serial is `Unconfirmed` and its key used up.

        Raises:
            Conflict: the serial was used before.
            KeyRejected: the key was in an intent before (rule ``key seen before``), unless that was
                of the same card and came to nothing.
        """
        self._put_intent(
            intent, given_up=lambda: self.key_given_up(intent.key_sha256, intent.card_id)
        )

    def put_mobiel_intent(self, intent: MobielIntent) -> None:
        """As `put_intent`, for a telephone; its key may have come to nothing for it before."""
        self._put_intent(
            intent, given_up=lambda: self.mobiel_key_given_up(intent.key_sha256, intent.mobiel_id)
        )

    def _put_intent(self, intent: Intent | MobielIntent, given_up: Callable[[], bool]) -> None:
        used = self._rows(_USED, {"of_serial": intent.serial, "of_key": intent.key_sha256})[0]
        if used.serial_used:
            raise Conflict(message="this serial number was used before")
        if used.key_seen and not given_up():
            raise KeyRejected(
                rule="key seen before",
                message="this public key was certified or offered before",
                next_step="let the card, or the telephone, make a new key pair",
            )
        values = {field.name: getattr(intent, field.name) for field in fields(intent)}
        status = status_columns(Unconfirmed(since=intent.created_at))
        self._write(_INTENDED, values | status)
        if not used.key_seen:
            self._write(_KEY_USED_UP, {"key_sha256": intent.key_sha256, "at": self.now})
        self._intended[intent.serial] = intent

    def put_certificate(self, certificate: IssuedCertificate) -> None:
        """Complete an intent.

        Raises:
            NotFound: there is no intent for this serial.
            Conflict: the intent was completed or closed before.
            IntegrityBroken: issuer, card or key are not those of the intent.
        """
        if self._completed(certificate, _OF_CARD):
            return
        intent = self.intent(certificate.serial)
        if intent is None:
            raise NotFound(what="intent", message="nothing was to be signed with this serial")
        if any(getattr(intent, name) != getattr(certificate, name) for name in _OF_CARD):
            raise IntegrityBroken(message="a certificate does not belong to its intent")
        raise Conflict(message="this intent was completed or closed before")

    def put_mobiel_certificate(self, certificate: MobielCertificate, code_sha256: bytes) -> None:
        """Complete an intent of a telephone; the code gives this certificate from now on.

        Raises:
            Conflict: there is no such intent, or it was completed or closed before.
        """
        if not self._completed(certificate, _OF_MOBIEL):
            raise Conflict(message="this intent was completed or closed before")
        row = {
            "certificate_sha256": hashlib.sha256(certificate.der).digest(),
            "mobiel_id": certificate.mobiel_id,
            "serial": certificate.serial,
            "code_sha256": code_sha256,
        }
        self._write(_REDEEMED, row)

    def _completed(
        self,
        certificate: IssuedCertificate | MobielCertificate,
        belonging: tuple[str, str, str],
    ) -> bool:
        values = {name: getattr(certificate, name) for name in ("der", "not_before", "not_after")}
        same = {f"of_{name}": getattr(certificate, name) for name in belonging}
        found = self._write(
            _COMPLETED[belonging], values | same | {"of_serial": certificate.serial}
        )
        return bool(found.rowcount)

    def set_status(
        self,
        issuer: IssuerId,
        serial: SerialNumber,
        status: CertificateStatus,
        entry: JournalEntry,
    ) -> None:
        """Give a certificate another status as of ``entry``, which must be of this session.

        Raises:
            NotFound: ``issuer`` has no such serial.
            IntegrityBroken: it is revoked; that is final.
        """
        columns = status_columns(status)
        if not self._stands_already(issuer, serial, status):
            self._require_not_final(issuer, serial)
            self._write(_STATUS_CHANGES, columns | {"of_serial": serial})
            self._write(_INTERVAL_ENDS, {"until": entry.at, "of_serial": serial})
        actor = entry.actor
        row = {
            "serial": serial,
            "position": entry.position,
            "issuer": issuer,
            "since": entry.at,
            "actor": actor_text(actor),
            "ura": None if actor.ura is None else actor.ura.value,
        }
        self._write(_INTERVAL_BEGINS, row | columns)

    def _stands_already(
        self, issuer: IssuerId, serial: SerialNumber, status: CertificateStatus
    ) -> bool:
        """Whether this is the first interval of an intent of this very change: its own status."""
        intent = self._intended.pop(serial, None)
        if intent is None or intent.issuer != issuer:
            return False
        return status == Unconfirmed(since=intent.created_at)

    def _require_not_final(self, issuer: IssuerId, serial: SerialNumber) -> None:
        former = self.status(issuer, serial)
        if former is None:
            raise NotFound(what="certificate", message="this issuer has no such serial")
        if isinstance(former, Revoked):
            raise IntegrityBroken(message="a revoked certificate keeps its status for ever")
