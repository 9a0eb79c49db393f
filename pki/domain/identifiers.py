"""One class per identifier: checked when made, never mistaken for another kind."""

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final, Self

from pki.domain.errors import Malformed

SERIAL_OCTETS: Final = 20
"""RFC 5280 4.1.2.2: at most 20 octets; ours always use all of them."""

ISSUED_SERIAL_MIN: Final = 1 << 156
ISSUED_SERIAL_LIMIT: Final = 1 << 159
"""Serials we issue lie in [2^156, 2^159): 20 octets, first hexadecimal digit 1 to 7, so that
relying parties that read the hexadecimal text as signed agree with those that do not."""


@dataclass(frozen=True, slots=True, order=True)
class SerialNumber:
    """A certificate serial number, 0 < value < 2^159 (RFC 5280 4.1.2.2)."""

    value: int

    def __post_init__(self) -> None:
        """Refuse what RFC 5280 does not allow in a certificate.

        Raises:
            Malformed: not positive, or longer than 20 octets.
        """
        if not 0 < self.value < ISSUED_SERIAL_LIMIT:
            raise Malformed(what="serial number", message="serial number must be in [1, 2^159)")

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        """Read a big-endian unsigned number of at most 20 octets."""
        if not 0 < len(octets) <= SERIAL_OCTETS:
            raise Malformed(what="serial number", message="serial number must have 1 to 20 octets")
        return cls(int.from_bytes(octets, "big"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 40 (or fewer) hexadecimal digits, colons allowed, or ``dec:<decimal digits>``."""
        lowered = text.strip().lower()
        if re.fullmatch(r"dec:[0-9]{1,48}", lowered):
            return cls(int(lowered[4:]))
        digits = lowered.replace(":", "")
        if lowered.startswith("dec:") or not re.fullmatch(r"[0-9a-f]{1,40}", digits):
            raise Malformed(
                what="serial number",
                message="serial number is neither hexadecimal nor dec:<decimal>",
                next_step="give up to 40 hexadecimal digits, or dec: followed by decimal digits",
            )
        return cls(int(digits, 16))

    def to_bytes(self) -> bytes:
        """Exactly 20 octets, big-endian: the stored form."""
        return self.value.to_bytes(SERIAL_OCTETS, "big")

    @property
    def hex(self) -> str:
        """Exactly 40 lower-case hexadecimal digits: the form of API, CLI and journal."""
        return f"{self.value:040x}"

    @property
    def decimal(self) -> str:
        """Decimal digits: the form of LDAP names and XML signatures."""
        return str(self.value)

    def __str__(self) -> str:
        return self.hex


@cache
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class _Text:
    """Base of identifiers that are text of a fixed form."""

    PATTERN: ClassVar[str] = ""
    WHAT: ClassVar[str] = ""
    value: str

    def __post_init__(self) -> None:
        """Refuse any other form.

        Raises:
            Malformed: the text does not match the whole pattern.
        """
        if not _form(self.PATTERN).fullmatch(self.value):
            raise Malformed(what=self.WHAT, message=f"{self.WHAT} must match {self.PATTERN}")

    def __str__(self) -> str:
        return self.value


class Ura(_Text):
    """Abonneenummer of an organisation in the UZI register: 8 digits (CPS 7.1.5)."""

    __slots__ = ()
    PATTERN = r"[0-9]{8}"
    WHAT = "URA"


class UziNumber(_Text):
    """UZI-nummer of a person: 9 digits (CPS 7.1.5).

    Personal data: never in a log or the journal.
    """

    __slots__ = ()
    PATTERN = r"[0-9]{9}"
    WHAT = "UZI number"


class CardNumber(_Text):
    """The unique number printed on, and readable from, a blank ZORG-ID card."""

    __slots__ = ()
    PATTERN = r"[A-Z0-9][A-Z0-9-]{3,31}"
    WHAT = "card number"


class IssuerId(_Text):
    """Our name for one generation of one issuing CA, for example ``token-ca-g1``."""

    __slots__ = ()
    LONGEST = 63
    PATTERN = r"[a-z0-9][a-z0-9-]{0,62}"
    WHAT = "issuer id"


class IdempotencyKey(_Text):
    """Chosen by a client to make a repeated request known: 16 to 64 unreserved characters."""

    __slots__ = ()
    PATTERN = r"[A-Za-z0-9_-]{16,64}"
    WHAT = "idempotency key"


class _OpaqueId(_Text):
    """128 random bits as 32 lower-case hexadecimal digits."""

    __slots__ = ()
    PATTERN = r"[0-9a-f]{32}"
    WHAT = "id"

    @classmethod
    def from_random(cls, octets: bytes) -> Self:
        """Make an id of 16 random octets."""
        return cls(octets.hex())


class CardId(_OpaqueId):
    """One card, from order to end."""

    __slots__ = ()
    WHAT = "card id"


class PersonId(_OpaqueId):
    """One person; says nothing about who they are."""

    __slots__ = ()
    WHAT = "person id"


class OrganisationId(_OpaqueId):
    """One organisation."""

    __slots__ = ()
    WHAT = "organisation id"


class AppointmentId(_OpaqueId):
    """One appointment of an operator; not its code."""

    __slots__ = ()
    WHAT = "appointment id"


class AttributeId(_OpaqueId):
    """One attribute of one person at one organisation."""

    __slots__ = ()
    WHAT = "attribute id"


class MobielId(_OpaqueId):
    """One ZORG-ID Mobiel identity, from invitation to end."""

    __slots__ = ()
    WHAT = "ZORG-ID Mobiel id"


class ChallengeId(_OpaqueId):
    """One challenge that a pass or a card signs."""

    __slots__ = ()
    WHAT = "challenge id"


class SessionId(_OpaqueId):
    """One session that a pass opened; not its bearer token."""

    __slots__ = ()
    WHAT = "session id"


class NoticeId(_OpaqueId):
    """One notice to one organisation; the same for the same fact."""

    __slots__ = ()
    WHAT = "notice id"
