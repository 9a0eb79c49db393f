"""Entries of revokedCertificates for very many certificates, from columns as a store keeps them.

Each octet is as `encode_entry` writes it; what every certificate has alike is looked up.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.der.codec.writing import UTC_YEARS
from pki.der.crl.entries import encode_entry
from pki.domain.errors import IntegrityBroken, Malformed
from pki.domain.identifiers import SERIAL_OCTETS, SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.records import ListedRow

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS: Final = 10**6
_HOUR: Final = 3600
_POSITIVE: Final = range(1, 0x80)
"""First octets of a serial number that is an INTEGER of 20 octets as it stands."""

_KINDS: Final[Mapping[tuple[str, int | None], RevocationReason | None]] = {
    ("hold", None): RevocationReason.CERTIFICATE_HOLD,
    ("revoked", None): None,
    **{("revoked", reason.value): reason for reason in RevocationReason},
}

_Shapes = Mapping[tuple[str, int | None, int | None], tuple[bytes, bytes]]
_BEFORE_SERIAL: Final = 4
_BEFORE_EXTENSIONS: Final = _BEFORE_SERIAL + SERIAL_OCTETS + 15


def _shape(reason: RevocationReason | None) -> tuple[bytes, bytes]:
    """What stands before the serial number and after the UTCTime of an entry."""
    sample = encode_entry(SerialNumber(1 << 8 * (SERIAL_OCTETS - 1)), _EPOCH, reason)
    return sample[:_BEFORE_SERIAL], sample[_BEFORE_EXTENSIONS:]


_SHAPES: Final[_Shapes] = {(*kind, None): _shape(reason) for kind, reason in _KINDS.items()}
_NO_SHAPES: Final[_Shapes] = {}
_REST: Final = tuple(b"%02d%02dZ" % divmod(second, 60) for second in range(_HOUR))


class _Hours(dict[int, bytes]):
    """UTCTime down to the hour, by hours since 1970; KeyError for years that it cannot say."""

    def __missing__(self, hour: int) -> bytes:
        at = _EPOCH + timedelta(hours=hour)
        if at.year not in UTC_YEARS:
            raise KeyError(hour)
        clock = (at.year % 100, at.month, at.day, at.hour)
        octets = self[hour] = b"\x17\x0d%02d%02d%02d%02d" % clock
        return octets


def encode_listed(rows: Iterable[ListedRow]) -> Iterator[tuple[int, list[bytes]]]:
    """Entries in the order of their serials, together where those begin with the same octet.

    Raises:
        IntegrityBroken: serials that do not rise, or a row that no certificate can have.
    """
    hours, shapes = _Hours(), _NO_SHAPES
    key, last = -1, b""
    entries: list[bytes] = []
    for serial, status, ticks, reason, since in rows:
        if serial <= last or len(serial) != SERIAL_OCTETS:
            raise _broken(serial, f"follows {last.hex()}")
        last = serial
        if serial[0] != key:
            if entries:
                yield key, entries
            key, entries = serial[0], []
            shapes = _SHAPES if key in _POSITIVE else _NO_SHAPES
        hour, second = divmod(ticks // _MICROSECONDS, _HOUR)
        try:
            head, tail = shapes[status, reason, since]
            entry = b"".join((head, serial, hours[hour], _REST[second], tail))
        except (KeyError, OverflowError):
            entry = _other(serial, status, ticks, reason, since)
        entries.append(entry)
    if entries:
        yield key, entries


def _other(serial: bytes, status: str, ticks: int, reason: int | None, since: int | None) -> bytes:
    """An entry that has another form than nearly all."""
    if (status, reason) not in _KINDS:
        raise _broken(serial, f"is {status} with reason {reason}")
    try:
        return encode_entry(
            SerialNumber.from_bytes(serial),
            _moment(ticks),
            _KINDS[status, reason],
            None if since is None else _moment(since),
        )
    except (Malformed, ValueError, OverflowError) as error:
        raise _broken(serial, "has a number or time that none has") from error


def _moment(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks)


def _broken(serial: bytes, what: str) -> IntegrityBroken:
    return IntegrityBroken(
        message=f"the store lists a certificate that cannot be: {serial.hex()} {what}",
        next_step="run zorgid journal verify and examine the store",
    )
