"""Writing what became of many certificates, and of what has them."""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from pki.domain.cards import Card
from pki.domain.emergency.records import SubscriberAfter
from pki.domain.errors import IntegrityBroken
from pki.domain.journal import actor_text
from pki.domain.mobiel.records import MobielIdentity
from pki.store import schema
from pki.store.columns import phase_columns
from pki.store.journal_reads import status_columns
from pki.store.many.rows import RowWrites
from pki.store.people.tables import mobiel

_SERIAL = sa.bindparam("of_serial", type_=schema.certificates.c.serial.type)


class ManyWrites(RowWrites):
    """The part of a change that is about many certificates."""

    def put_subscribers_after(self, changes: Sequence[SubscriberAfter]) -> None:
        """Bring cards, telephones and the status of their certificates up to date.

        All as of their entries.

        Raises:
            IntegrityBroken: one is not known as it must be, or is revoked: that is final.
        """
        self._require_open(changes)
        cards, table, past = schema.cards, schema.certificates, schema.status_intervals
        self._write_rows(sa.update(cards).where(cards.c.serial == _SERIAL), _phases(changes))
        self._write_rows(sa.update(mobiel).where(mobiel.c.serial == _SERIAL), _states(changes))
        self._write_rows(sa.update(table).where(table.c.serial == _SERIAL), map(_status, changes))
        current = sa.update(past).where(past.c.serial == _SERIAL, past.c.until.is_(None))
        self._write_rows(current, map(_end, changes))
        self._write_rows(sa.insert(past), map(_interval, changes))

    def _require_open(self, changes: Sequence[SubscriberAfter]) -> None:
        table = schema.certificates
        query = sa.select(table.c.serial, table.c.issuer)
        wanted = table.c.serial.in_([each.serial for each in changes])
        rows = self._rows(query.where(wanted, table.c.status != "revoked"))
        if {(row.serial, row.issuer) for row in rows} != {
            (each.serial, each.issuer) for each in changes
        }:
            raise IntegrityBroken(
                message="a certificate is not its issuer's, or is revoked, which is final"
            )


def _phases(changes: Sequence[SubscriberAfter]) -> Iterator[Mapping[str, object]]:
    for each in changes:
        if isinstance(each.subscriber, Card):
            yield phase_columns(each.subscriber.phase) | {"of_serial": each.serial}


def _states(changes: Sequence[SubscriberAfter]) -> Iterator[Mapping[str, object]]:
    for each in changes:
        if isinstance(each.subscriber, MobielIdentity):
            identity = each.subscriber
            state = {"state": identity.state, "state_at": identity.state_at}
            yield state | {"of_serial": each.serial}


def _status(change: SubscriberAfter) -> Mapping[str, object]:
    return status_columns(change.status) | {"of_serial": change.serial}


def _end(change: SubscriberAfter) -> Mapping[str, object]:
    return {"until": change.entry.at, "of_serial": change.serial}


def _interval(change: SubscriberAfter) -> Mapping[str, object]:
    entry = change.entry
    return {
        "serial": change.serial,
        "position": entry.position,
        "issuer": change.issuer,
        "since": entry.at,
        "actor": actor_text(entry.actor),
        "ura": None if entry.actor.ura is None else entry.actor.ura.value,
        **status_columns(change.status),
    }
