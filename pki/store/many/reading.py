"""Reading what has many certificates, by their serials."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pki.domain.emergency.records import (
    CertifiedSubscriber,
    RecordedSerial,
    Subscriber,
    SubscriberKind,
)
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.mobiel.records import MobielIdentity
from pki.store import schema
from pki.store.columns import read_record
from pki.store.failures import translating
from pki.store.journal_reads import STATUS_COLUMNS, read_status
from pki.store.people.tables import mobiel
from pki.store.registry_reads import RegistryReads


class ManyReads(RegistryReads):
    """Adds questions about many certificates; a few hundred at a time."""

    def recorded(self, serials: Sequence[SerialNumber]) -> dict[SerialNumber, RecordedSerial]:
        """Those of these serials that any of our CAs recorded."""
        c = schema.certificates.c
        columns = (c.serial, c.issuer, c.mobiel_id, c.not_before, c.not_after)
        status = (c[name] for name in STATUS_COLUMNS)
        rows = self._rows(sa.select(*columns, *status).where(c.serial.in_(serials)))
        having = self._having([row.serial for row in rows])
        with translating():
            return {row.serial: _recorded(row, having.get(row.serial)) for row in rows}

    def serials_of(
        self, issuer: IssuerId | None, after: SerialNumber | None, limit: int
    ) -> tuple[SerialNumber, ...]:
        """At most ``limit`` serials above ``after`` that this CA, or any, recorded; in order."""
        c = schema.certificates.c
        query = sa.select(c.serial)
        query = query if issuer is None else query.where(c.issuer == issuer)
        query = query if after is None else query.where(c.serial > after)
        return tuple(row.serial for row in self._rows(query.order_by(c.serial).limit(limit)))

    def _having(self, serials: Sequence[SerialNumber]) -> dict[SerialNumber, Subscriber]:
        """What has these certificates now."""
        cards = schema.cards
        found: dict[SerialNumber, Subscriber] = {
            card.serial: card
            for card in self._cards(sa.select(cards).where(cards.c.serial.in_(serials)))
            if card.serial is not None
        }
        for row in self._rows(sa.select(mobiel).where(mobiel.c.serial.in_(serials))):
            found[row.serial] = read_record(MobielIdentity, row)
        return found


def _recorded(row: sa.Row[Any], subscriber: Subscriber | None) -> RecordedSerial:
    certified = None
    if subscriber is not None and row.not_before is not None:
        certified = CertifiedSubscriber(
            subscriber=subscriber,
            issuer=row.issuer,
            serial=row.serial,
            not_before=row.not_before,
            not_after=row.not_after,
        )
    kind = SubscriberKind.CARD if row.mobiel_id is None else SubscriberKind.TELEPHONE
    return RecordedSerial(kind=kind, status=read_status(row), certified=certified)
