"""Reading the journal and what follows from it: status, history, cursors."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from sqlalchemy import Row, bindparam, case, func, select

from pki.domain.errors import ChainBroken, IntegrityBroken, StoreUnavailable
from pki.domain.event_codec import JsonScalar, decode, encode_time
from pki.domain.identifiers import IssuerId, SerialNumber, Ura
from pki.domain.journal import JournalEntry, JournalHead, RawEntry, actor_text, canonical_json
from pki.domain.people import Actor, Role
from pki.domain.reasons import RevocationReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.store import schema
from pki.store.columns import from_ticks, to_ticks
from pki.store.failures import translating
from pki.store.history.refusing import refusal, unproven
from pki.store.history.start import Start
from pki.store.statements.running import Statements

HEARTBEAT_LIMIT: Final = timedelta(seconds=2)
"""A replica that is further behind counts as cut off."""

STATUS_COLUMNS: Final = ("status", "status_at", "status_reason", "compromised_since")
"""What a status stands in, in `certificates` and `status_intervals`."""

_STATUS: Final = select(*(schema.certificates.c[name] for name in STATUS_COLUMNS)).where(
    schema.certificates.c.serial == bindparam("of_serial"),
    schema.certificates.c.issuer == bindparam("of_issuer"),
)
"""Built once, as other statements of every issuance are: building costs as much as running."""

_HEAD: Final = select(schema.journal_head)
_STANDING: Final = select(
    schema.journal_head.c.position,
    schema.journal_head.c.missing,
    func.pg_is_in_recovery().label("replica"),
    case(
        (func.pg_is_in_recovery(), False),
        else_=~func.pg_walfile_name(func.pg_current_wal_lsn()).startswith("00000001"),
    ).label("promoted"),
)
"""A log file's name begins with its timeline (PostgreSQL 26.3.5): each promotion begins another."""
_AFTER: Final = (
    select(schema.journal)
    .where(schema.journal.c.position > bindparam("position"))
    .order_by(schema.journal.c.position)
    .limit(bindparam("limit"))
)


class JournalReads(Statements):
    """Queries over one connection; all see the snapshot of its transaction.

    Every method may raise StoreUnavailable, or IntegrityBroken when a row holds what it cannot.
    """

    def head(self) -> JournalHead:
        """Where the journal ends."""
        return self.follow_start().head

    def head_at(self) -> datetime | None:
        """When the journal's last entry was written; None before the first."""
        row = self._row(_HEAD)
        return None if row is None else row.at

    def journal_after(self, position: int, limit: int) -> tuple[JournalEntry, ...]:
        """At most ``limit`` entries that follow ``position``, in order, not verified."""
        rows = self._rows(_AFTER, {"position": position, "limit": limit})
        with translating():
            return tuple(_entry(row) for row in rows)

    def raw_journal(self, after: int = 0, limit: int | None = None) -> Iterator[RawEntry]:
        """Entries as they are stored, for `verify_chain`; to be used up inside the query.

        Raises:
            ChainBroken: a payload that is not the canonical JSON of an object.
        """
        journal = schema.journal
        query = select(journal).where(journal.c.position > after)
        for row in self._stream(query.order_by(journal.c.position).limit(limit)):
            yield _raw_entry(row)

    def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        """What is known of a serial now; None when this issuer never recorded it."""
        row = self._row(_STATUS, {"of_serial": serial, "of_issuer": issuer})
        return None if row is None else read_status(row)

    def history(self, serial: SerialNumber) -> tuple[StatusInterval, ...]:
        """Every status the certificate had, oldest first; the last one's ``until`` is None."""
        table = schema.status_intervals
        rows = self._rows(select(table).where(table.c.serial == serial).order_by(table.c.position))
        with translating():
            return tuple(read_interval(row) for row in rows)

    def cursor(self, name: str) -> int:
        """The last position a follower has dealt with; 0 at its start."""
        table = schema.cursors
        row = self._row(select(table.c.position).where(table.c.name == name))
        return 0 if row is None else int(row.position)

    def installation(self) -> tuple[str, str] | None:
        """Id and kind of this installation; None before it was set up."""
        row = self._row(select(schema.installation))
        return None if row is None else (row.installation, row.kind)

    def heartbeat(self) -> datetime | None:
        """When the writing side last said that it lives."""
        row = self._row(select(schema.heartbeat))
        return None if row is None else row.at

    def missing(self) -> int | None:
        """The position of an entry that was acknowledged and is not here; None: there is none."""
        row = self._row(_HEAD)
        return None if row is None else row.missing

    def follow_start(self) -> Start:
        """From where on to follow, for whoever read what is so now."""
        row = self._row(_HEAD)
        if row is None:
            raise IntegrityBroken(message="the store has lost its journal head")
        head = JournalHead(position=row.position, digest=row.digest)
        return Start(head=head, confirmed=row.confirmed or 0)

    def require_abreast(self, now: datetime, seen: int = 0) -> None:
        """Make sure that what is read here is what was committed a moment ago.

        A replica shows that by the primary's heartbeat; so does a database that was one, since the
        one that it followed may be written to still. Anything else needs no proof. Clocks that
        differ by more than the limit count as a replica that is behind. Nor may the journal end
        before the entry ``seen``: where a URL names several databases, each connection leads to one
        of them, and not all are equally far.

        Raises:
            StoreUnavailable: this is, or was, a replica, without a heartbeat of the last
                `HEARTBEAT_LIMIT`; or it lacks an entry that the caller has seen, or that somebody
                was told of.
        """
        may_be_replica = self._connection.dialect.name == "postgresql"
        row = self._row(_STANDING if may_be_replica else _HEAD)
        if row is not None and row.missing is not None:
            raise refusal(row.missing)
        if row is not None and row.position < seen:
            raise StoreUnavailable(
                message=f"the database lacks journal entry {seen}, which was seen in another",
                next_step="nothing, if this passes: it is a replica that is behind; else look at "
                "the replication",
            )
        if row is None or not may_be_replica or not (row.replica or row.promoted):
            return
        beat = self.heartbeat()
        if beat is None or abs(now - beat) > HEARTBEAT_LIMIT:
            raise unproven(beat, replica=row.replica)


def entry_row(entry: JournalEntry, payload: str) -> tuple[object, ...]:
    """An entry as its row, in the order of the table's columns.

    ``payload`` is the text that was hashed.
    """
    actor = entry.actor
    return (
        entry.position,
        to_ticks(entry.at),
        actor_text(actor),
        None if actor.ura is None else actor.ura.value,
        entry.event.KIND,
        payload,
        entry.previous,
        entry.digest,
    )


def status_columns(status: CertificateStatus) -> dict[str, object]:
    """A status as its columns, `STATUS_COLUMNS`."""
    columns: dict[str, object] = dict.fromkeys(STATUS_COLUMNS)
    match status:
        case Good():
            return columns | {"status": "good"}
        case Unconfirmed(since=since):
            return columns | {"status": "unconfirmed", "status_at": since}
        case OnHold(since=since):
            return columns | {"status": "hold", "status_at": since}
        case Revoked(at=at, reason=reason, compromised_since=since):
            code = None if reason is None else reason.value
            return {
                "status": "revoked",
                "status_at": at,
                "status_reason": code,
                "compromised_since": since,
            }
        case _:
            assert_never(status)


def read_status(row: Row[Any]) -> CertificateStatus:
    """Inverse of `status_columns`.

    Raises:
        IntegrityBroken: no such status.
    """
    reason = row.status_reason
    match row.status:
        case "good":
            return Good()
        case "unconfirmed":
            return Unconfirmed(since=row.status_at)
        case "hold":
            return OnHold(since=row.status_at)
        case "revoked":
            code = None if reason is None else RevocationReason(reason)
            since = row.compromised_since
            return Revoked(at=row.status_at, reason=code, compromised_since=since)
        case _:
            raise IntegrityBroken(message="the store holds an unknown certificate status")


def read_actor(text: str, ura: str | None) -> Actor:
    """Inverse of `actor_text`.

    Raises:
        ValueError: no such role.
        Malformed: not a URA.
    """
    role, _, name = text.partition(":")
    return Actor(role=Role(role), id=name, ura=None if ura is None else Ura(ura))


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        position=row.position,
        at=from_ticks(row.at),
        actor=read_actor(row.actor, row.ura),
        event=decode(row.kind, json.loads(row.payload)),
        previous=row.previous,
        digest=row.digest,
    )


def _raw_entry(row: Row[Any]) -> RawEntry:
    return RawEntry(
        position=row.position,
        at=_time_text(row.at),
        actor=row.actor,
        ura=row.ura,
        kind=row.kind,
        payload=_payload(row.position, row.payload),
        previous=row.previous,
        digest=row.digest,
    )


def _time_text(ticks: int) -> str:
    try:
        return encode_time(from_ticks(ticks))
    except OverflowError:
        return str(ticks)


def _payload(position: int, text: str) -> Mapping[str, JsonScalar]:
    """The payload, if its text is the one text it can have: what is hashed is what anyone reads."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or canonical_json(value) != text.encode():
        raise ChainBroken(
            position=position,
            message=f"journal entry {position} was changed: its payload is not canonical JSON",
            next_step="stop issuing, keep the store and its backups as they are",
        )
    return value


def read_interval(row: Row[Any]) -> StatusInterval:
    """A row of `status_intervals`."""
    return StatusInterval(
        serial=row.serial,
        issuer=row.issuer,
        status=read_status(row),
        since=row.since,
        until=row.until,
        actor=read_actor(row.actor, row.ura),
        position=row.position,
    )
