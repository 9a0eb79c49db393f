"""Writing what became of many cards."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki.domain.emergency.records import CardAfter
from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import SerialNumber
from pki.domain.journal import actor_text
from pki.store import schema
from pki.store.columns import phase_columns
from pki.store.journal_reads import status_columns
from pki.store.many.rows import RowWrites

_SERIAL = sa.bindparam("of_serial", type_=schema.certificates.c.serial.type)


class ManyWrites(RowWrites):
    """The part of a change that is about many cards."""

    def put_cards_after(self, changes: Sequence[CardAfter]) -> None:
        """Bring cards and the status of their certificates up to date, all as of their entries.

        Raises:
            IntegrityBroken: one is not known as it must be, or is revoked: that is final.
        """
        self._require_open(changes)
        cards, table, past = schema.cards, schema.certificates, schema.status_intervals
        self._write_rows(sa.update(cards).where(cards.c.serial == _SERIAL), map(_phase, changes))
        self._write_rows(sa.update(table).where(table.c.serial == _SERIAL), map(_status, changes))
        current = sa.update(past).where(past.c.serial == _SERIAL, past.c.until.is_(None))
        self._write_rows(current, map(_end, changes))
        self._write_rows(sa.insert(past), map(_interval, changes))

    def _require_open(self, changes: Sequence[CardAfter]) -> None:
        table = schema.certificates
        query = sa.select(table.c.serial, table.c.issuer)
        wanted = table.c.serial.in_([_serial(each) for each in changes])
        rows = self._rows(query.where(wanted, table.c.status != "revoked"))
        if {(row.serial, row.issuer) for row in rows} != {
            (_serial(each), each.issuer) for each in changes
        }:
            raise IntegrityBroken(
                message="a certificate is not its issuer's, or is revoked, which is final"
            )


def _serial(change: CardAfter) -> SerialNumber:
    serial = change.card.serial
    if serial is None:
        raise IntegrityBroken(message="a card without a certificate has no status")
    return serial


def _phase(change: CardAfter) -> Mapping[str, object]:
    return phase_columns(change.card.phase) | {"of_serial": _serial(change)}


def _status(change: CardAfter) -> Mapping[str, object]:
    return status_columns(change.status) | {"of_serial": _serial(change)}


def _end(change: CardAfter) -> Mapping[str, object]:
    return {"until": change.entry.at, "of_serial": _serial(change)}


def _interval(change: CardAfter) -> Mapping[str, object]:
    entry = change.entry
    return {
        "serial": _serial(change),
        "position": entry.position,
        "issuer": change.issuer,
        "since": entry.at,
        "actor": actor_text(entry.actor),
        "ura": None if entry.actor.ura is None else entry.actor.ura.value,
        **status_columns(change.status),
    }
