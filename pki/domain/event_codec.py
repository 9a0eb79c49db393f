"""Events as JSON scalars, and back, strictly: each field becomes text, an integer or null."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final, get_type_hints

from pki.domain.attributes.events import ATTRIBUTE_EVENTS
from pki.domain.emergency.events import EMERGENCY_EVENTS
from pki.domain.endings.events import ENDING_EVENTS
from pki.domain.errors import Malformed
from pki.domain.events import ALL_EVENTS, Event
from pki.domain.evidence.attestation import ATTESTATION_EVENTS
from pki.domain.identifiers import (
    AppointmentId,
    AttributeId,
    CardId,
    IssuerId,
    MobielId,
    NoticeId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
)
from pki.domain.linking.events import LINK_EVENTS
from pki.domain.logins.events import LOGIN_EVENTS
from pki.domain.mobiel.events import MOBIEL_EVENTS
from pki.domain.notices.events import NOTICE_EVENTS
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.domain.registration.events import REGISTRATION_EVENTS

JsonScalar = str | int | None

EVERY_EVENT: Final = (
    *ALL_EVENTS,
    *LINK_EVENTS,
    *ENDING_EVENTS,
    *EMERGENCY_EVENTS,
    *ATTESTATION_EVENTS,
    *REGISTRATION_EVENTS,
    *NOTICE_EVENTS,
    *ATTRIBUTE_EVENTS,
    *MOBIEL_EVENTS,
    *LOGIN_EVENTS,
)
"""All that a journal may hold."""

EVENT_TYPES: Final[Mapping[str, type[Event]]] = {cls.KIND: cls for cls in EVERY_EVENT}


def encode_time(at: datetime) -> str:
    """RFC 3339, UTC, microseconds always written: one text for one moment."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def decode_time(text: str) -> datetime:
    """Inverse of `encode_time`.

    Raises:
        Malformed: another form.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(what="time", message="time is not YYYY-MM-DDThh:mm:ss.ffffffZ") from None


_IDENTIFIERS = (
    AppointmentId,
    AttributeId,
    CardId,
    IssuerId,
    MobielId,
    NoticeId,
    OrganisationId,
    PersonId,
    SessionId,
    Ura,
)
_ENUMS = (BlockReason, RefusalReason, RevokeReason)
_DECODERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    SerialNumber: SerialNumber.parse,
    datetime: decode_time,
    str: str,
    int: int,
    **{cls: cls for cls in _IDENTIFIERS},
    **{cls: cls for cls in _ENUMS},
}


_FIELDS: Final = {
    kind: tuple(sorted(field.name for field in fields(event)))
    for kind, event in EVENT_TYPES.items()
}


def _as_it_is(value: JsonScalar) -> JsonScalar:
    return value


_ENCODERS: Final[Mapping[type, Callable[[Any], JsonScalar]]] = {
    **dict.fromkeys((str, int, type(None)), _as_it_is),
    **dict.fromkeys((*_IDENTIFIERS, *_ENUMS), attrgetter("value")),
    SerialNumber: attrgetter("hex"),
    datetime: encode_time,
}


def encode(event: Event) -> dict[str, JsonScalar]:
    """The event's fields as JSON scalars."""
    return dict(encoded_fields(event))


def encoded_fields(event: Event) -> list[tuple[str, JsonScalar]]:
    """As `encode`, in the order of their names."""
    return [(name, _encode_value(getattr(event, name))) for name in _FIELDS[event.KIND]]


def _encode_value(value: object) -> JsonScalar:
    encoder = _ENCODERS.get(type(value))
    return str(value) if encoder is None else encoder(value)


def decode(kind: str, payload: Mapping[str, JsonScalar]) -> Event:
    """Read an event back.

    Raises:
        Malformed: an unknown kind, a missing or extra field, or a value of another form.
    """
    cls = EVENT_TYPES.get(kind)
    if cls is None:
        raise Malformed(what="journal event", message=f"unknown event kind {kind!r}")
    hints = _field_types(kind)
    if set(hints) != set(payload):
        raise Malformed(
            what="journal event", message=f"fields of {kind} differ from its definition"
        )
    try:
        return cls(**{name: _decode_value(hints[name], payload[name]) for name in hints})
    except (TypeError, ValueError) as error:
        raise Malformed(what="journal event", message=f"a field of {kind} is unreadable") from error


@cache
def _field_types(kind: str) -> Mapping[str, tuple[type, bool]]:
    """Each field's plain type, and whether it may be null; finding out takes long."""
    cls = EVENT_TYPES[kind]
    hints = get_type_hints(cls)
    result: dict[str, tuple[type, bool]] = {}
    for field in fields(cls):
        options = getattr(hints[field.name], "__args__", (hints[field.name],))
        plain = next(option for option in options if option is not type(None))
        result[field.name] = plain, type(None) in options
    return result


def _decode_value(expected: tuple[type, bool], value: JsonScalar) -> object:
    plain, nullable = expected
    if value is None:
        if not nullable:
            raise ValueError(plain.__name__)
        return None
    wire = int if plain is int else str
    if not isinstance(value, wire) or isinstance(value, bool):
        raise TypeError(plain.__name__)
    return _DECODERS[plain](value)
