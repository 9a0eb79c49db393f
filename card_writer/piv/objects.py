"""What is kept in a PIV card's data objects (SP 800-73-4 part 1, appendix A)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from card_writer.card_edge import Phase
from card_writer.piv import tlv
from card_writer.piv.apdu import unusable
from card_writer.wrong_card import in_use
from pki.domain.errors import Malformed
from pki.domain.identifiers import CardNumber, IdempotencyKey

CERTIFICATES: Final = tuple(map(bytes.fromhex, ("5FC105", "5FC10D", "5FC10E")))
"""The card's certificate (9A), then its issuers, where retired certificates may be."""
CHUID: Final = bytes.fromhex("5FC102")
ATTESTER: Final = bytes.fromhex("5FFF01")
"""The certificate of the key in slot F9, which Yubico's attestations are signed with."""
RECORD: Final = bytes.fromhex("5FC120")
"""The last retired certificate's place holds what the writer has to remember."""
_NOT_FEDERAL: Final = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")
"""FASC-N 9999-9999-999999-0-1-0000000000-3-0000-1: an issuer outside the US government."""
_PHASE, _ORDER, _NUMBER, _KEY, _HANDED = 0x80, 0x81, 0x82, 0x83, 0x84
_PHASES: Final = (Phase.BLANK, Phase.ORDERED, Phase.HANDING_OVER, Phase.OPERATIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the writer keeps on a card, so that a torn run can go on.

    ``handed``: PIN, PUK or administration key may no longer be the delivered ones. ``key`` is DER
    SubjectPublicKeyInfo: standard cards do not give a public key twice.
    """

    phase: Phase = Phase.BLANK
    order: IdempotencyKey | None = None
    number: CardNumber | None = None
    key: bytes | None = None
    handed: bool = False

    def encode(self) -> bytes:
        """As it is written."""
        fields = [
            (_PHASE, bytes([_PHASES.index(self.phase)])),
            (_ORDER, self.order.value.encode("ascii") if self.order else b""),
            (_NUMBER, self.number.value.encode("ascii") if self.number else b""),
            (_KEY, self.key or b""),
            (_HANDED, bytes([self.handed])),
        ]
        return b"".join(tlv.encode(tag, value) for tag, value in fields)

    @classmethod
    def decode(cls, octets: bytes | None) -> "Record":
        """As it was written; nothing is a blank card's.

        Raises:
            WrongCard: this place holds something that the writer did not write.
        """
        if octets is None:
            return cls()
        fields = tlv.decode(octets)
        try:
            order, number = (fields[tag].decode("ascii") for tag in (_ORDER, _NUMBER))
            return cls(
                phase=_PHASES[fields[_PHASE][0]],
                order=IdempotencyKey(order) if order else None,
                number=CardNumber(number) if number else None,
                key=fields[_KEY] or None,
                handed=fields[_HANDED] == b"\x01",
            )
        except (KeyError, IndexError, ValueError, Malformed):
            raise in_use() from None


def certificate_object(der: bytes) -> bytes:
    """A certificate, uncompressed (part 1 table 10)."""
    return tlv.encode(0x70, der) + tlv.encode(0x71, b"\x00") + tlv.encode(0xFE, b"")


def certificate_in(octets: bytes) -> bytes:
    """The DER in a certificate's object.

    Raises:
        CardRefused: there is none, or it is compressed.
    """
    fields = tlv.decode(octets)
    if not fields.get(0x70) or fields.get(0x71, b"\x00") != b"\x00":
        raise unusable("a certificate of an unknown form")
    return fields[0x70]


def chuid(certificate: bytes, expires: datetime) -> bytes:
    """The card's unique identifier, without which Windows and macOS show no card (part 1 A.2).

    It is drawn from the certificate, so that writing it again writes the same, and is unsigned.
    """
    name = hashlib.sha256(certificate).digest()[:16]
    date = expires.strftime("%Y%m%d").encode("ascii")
    fields = ((0x30, _NOT_FEDERAL), (0x34, name), (0x35, date), (0x3E, b""), (0xFE, b""))
    return b"".join(tlv.encode(tag, value) for tag, value in fields)
