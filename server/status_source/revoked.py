"""Revoked and held certificates of one issuer, in as few octets as they need: about 40 each.

Fixed-size rows in sorted blocks; which block follows from the end of the serial, which is random.
The few whose key is known to be compromised since some time have that beside it.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import SERIAL_OCTETS, SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.records import ListedRow
from pki.domain.status import CertificateStatus, OnHold, Revoked
from pki.store.columns import from_ticks, to_ticks

_TIME: Final = slice(SERIAL_OCTETS, SERIAL_OCTETS + 8)
_KIND: Final = SERIAL_OCTETS + 8
_ROW: Final = SERIAL_OCTETS + 9
_BLOCKS: Final = 256
_HELD: Final = 255
_NO_REASON: Final = 254
_OCTET: Final = [bytes([value]) for value in range(256)]


class RevokedSet:
    """Not more than a set: what is not in it may be good, unconfirmed or unknown."""

    __slots__ = ("_blocks", "_compromised", "_count")

    def __init__(self, sorted_rows: Iterable[ListedRow] = ()) -> None:
        """Fill it from rows in the order of their serials."""
        blocks = self._blocks = [bytearray() for _ in range(_BLOCKS)]
        self._compromised: dict[bytes, datetime] = {}
        for serial, status, ticks, reason, since in sorted_rows:
            kind = _HELD if status == "hold" else _NO_REASON if reason is None else reason
            if since is not None:
                self._compromised[serial] = from_ticks(since)
            blocks[serial[-1]] += serial + ticks.to_bytes(8, "big", signed=True) + _OCTET[kind]
        self._count = sum(map(len, blocks)) // _ROW

    def __len__(self) -> int:
        return self._count

    def get(self, serial: SerialNumber) -> OnHold | Revoked | None:
        """The status, or None when the serial is not in the set."""
        block, key = self._place(serial)
        at = _find(block, key)
        if not block.startswith(key, at):
            return None
        row = block[at : at + _ROW]
        moment = from_ticks(int.from_bytes(row[_TIME], "big", signed=True))
        kind = row[_KIND]
        if kind == _HELD:
            return OnHold(since=moment)
        return Revoked(
            at=moment,
            reason=None if kind == _NO_REASON else RevocationReason(kind),
            compromised_since=self._compromised.get(key),
        )

    def put(self, serial: SerialNumber, status: CertificateStatus) -> None:
        """Add or replace.

        Raises:
            IntegrityBroken: neither held nor revoked.
        """
        since: datetime | None = None
        match status:
            case OnHold(since=moment):
                kind = _HELD
            case Revoked(at=moment, reason=reason, compromised_since=since):
                kind = _NO_REASON if reason is None else reason.value
            case _:
                raise IntegrityBroken(message="only what is held or revoked is remembered as such")
        block, key = self._place(serial)
        self._compromised.pop(key, None)
        if since is not None:
            self._compromised[key] = since
        row = key + to_ticks(moment).to_bytes(8, "big", signed=True) + bytes([kind])
        at = _find(block, key)
        there = block.startswith(key, at)
        block[at : at + _ROW * there] = row
        self._count += not there

    def drop(self, serial: SerialNumber) -> None:
        """Remove it, if it is there."""
        block, key = self._place(serial)
        at = _find(block, key)
        if block.startswith(key, at):
            del block[at : at + _ROW]
            self._compromised.pop(key, None)
            self._count -= 1

    def _place(self, serial: SerialNumber) -> tuple[bytearray, bytes]:
        key = serial.to_bytes()
        return self._blocks[key[-1]], key


def _find(block: bytearray, key: bytes) -> int:
    """Where the row with this key is, or belongs; at once at the end, as when sorted rows come."""
    if block[-_ROW : len(block) - _ROW + SERIAL_OCTETS] < key:
        return len(block)
    rows = range(0, len(block), _ROW)
    return bisect_left(rows, key, key=lambda at: bytes(block[at : at + SERIAL_OCTETS])) * _ROW
