"""How values of the domain stand in columns: a row that is read consists of values."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Protocol, TypeVar

from sqlalchemy import BigInteger, Dialect, LargeBinary, Row, Text, TypeDecorator

from pki.domain.cards import (
    Active,
    Blocked,
    CardPhase,
    Ended,
    Expired,
    Issued,
    Lapsed,
    Ordered,
    state_name,
)
from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import SERIAL_OCTETS, SerialNumber
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.records import Challenge

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class _HasText(Protocol):
    def __init__(self, value: str) -> None: ...

    @property
    def value(self) -> str: ...


class _HasFields(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


_Identifier = TypeVar("_Identifier", bound=_HasText)
_Choice = TypeVar("_Choice", bound=Enum)
_Record = TypeVar("_Record")


def to_ticks(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly.

    Raises:
        TypeError: ``at`` has no time zone.
    """
    return (at - _EPOCH) // _TICK


def from_ticks(ticks: int) -> datetime:
    """Inverse of `to_ticks`.

    Raises:
        OverflowError: outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=ticks)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else to_ticks(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else from_ticks(value)


class Serial(TypeDecorator[SerialNumber]):
    """A serial number, stored as 20 octets big-endian, so that octet order is number order."""

    impl = LargeBinary(SERIAL_OCTETS)
    cache_ok = True

    def process_bind_param(self, value: SerialNumber | None, dialect: Dialect) -> bytes | None:
        del dialect
        return None if value is None else value.to_bytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> SerialNumber | None:
        del dialect
        return None if value is None else SerialNumber.from_bytes(value)


class Id(TypeDecorator[_Identifier]):
    """An identifier that is text of a fixed form; the form is checked again when it is read."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[_Identifier]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: _Identifier | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Identifier | None:
        del dialect
        return None if value is None else self.kind(value)


class Choice(TypeDecorator[_Choice]):
    """One of an enumeration's members, stored as its text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[_Choice]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: _Choice | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Choice | None:
        del dialect
        return None if value is None else self.kind(value)


def record_columns(record: _HasFields) -> dict[str, object]:
    """A record's fields, where they are its table's columns."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def read_record(kind: Callable[..., _Record], row: Row[Any]) -> _Record:
    """Inverse of `record_columns`, of a row that has these columns alone."""
    return kind(**dict(zip(row._fields, row, strict=True)))


def phase_columns(phase: CardPhase) -> dict[str, object]:
    """A card's phase as its columns."""
    optional = ("serial", "revoked_at", "compromised_since", "reason")
    columns: dict[str, object] = dict.fromkeys(optional)
    match phase:
        case Issued(serial=serial) | Active(serial=serial):
            columns |= {"serial": serial}
        case Blocked(serial=serial, reason=block_reason):
            columns |= {"serial": serial, "reason": block_reason.value}
        case Ended(serial=serial, revoked_at=revoked_at, reason=revoke_reason):
            columns |= {"serial": serial, "revoked_at": revoked_at, "reason": revoke_reason.value}
            columns |= {"compromised_since": phase.compromised_since}
        case Lapsed(serial=lapsed_serial, revoked_at=lapsed_at):
            columns |= {"serial": lapsed_serial, "revoked_at": lapsed_at}
        case Expired(serial=expired_serial, held_since=held_since):
            columns |= {"serial": expired_serial, "revoked_at": held_since}
        case Ordered():
            pass
    return columns | {"state": state_name(phase), "state_at": phase.at}


def read_phase(row: Row[Any]) -> CardPhase:
    """Inverse of `phase_columns`.

    Raises:
        IntegrityBroken: no such state.
    """
    at, serial = row.state_at, row.serial
    match row.state:
        case "aangevraagd":
            return Ordered(at=at)
        case "uitgegeven":
            return Issued(at=at, serial=serial)
        case "actief":
            return Active(at=at, serial=serial)
        case "geblokkeerd":
            return Blocked(at=at, serial=serial, reason=BlockReason(row.reason))
        case "ingetrokken":
            reason = RevokeReason(row.reason)
            return Ended(
                at=at,
                serial=serial,
                revoked_at=row.revoked_at,
                reason=reason,
                compromised_since=row.compromised_since,
            )
        case "vervallen":
            return Lapsed(at=at, serial=serial, revoked_at=row.revoked_at)
        case "verlopen":
            return Expired(at=at, serial=serial, held_since=row.revoked_at)
        case _:
            raise IntegrityBroken(message="the store holds an unknown card state")


def read_challenge(row: Row[Any]) -> Challenge:
    """A challenge's row."""
    return Challenge(
        id=row.id,
        purpose=row.purpose,
        nonce=row.nonce,
        expires_at=row.expires_at,
        card_id=row.card_id,
    )
