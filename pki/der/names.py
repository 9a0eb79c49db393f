"""Distinguished names: sequences of single attributes, compared by their bytes (RFC 5280 7.1)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from pki.der import codec, oids
from pki.domain.errors import Malformed

_WHAT: Final = "distinguished name"
_LIMIT: Final = 16 * 1024
_PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPECIAL: Final = re.compile(r'([\\",+;<>])')

# Descriptors of RFC 4519 2; other types are written as OID and hexadecimal DER (RFC 4514 2.4).
_DESCRIPTORS: Final = {
    oids.COMMON_NAME: "CN",
    oids.SURNAME: "sn",
    oids.SERIAL_NUMBER: "serialNumber",
    oids.COUNTRY: "C",
    oids.LOCALITY: "L",
    oids.STATE: "ST",
    oids.ORGANISATION: "O",
    oids.ORGANISATIONAL_UNIT: "OU",
    oids.TITLE: "title",
    oids.GIVEN_NAME: "givenName",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute: a PrintableString when ``printable``, otherwise a UTF8String.

    Control characters and empty values are refused: no directory or log can carry them safely.
    """

    oid: str
    text: str
    printable: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be written.

        Raises:
            Malformed: empty, a control character, half of a surrogate pair, or not a
                PrintableString though it should be.
        """
        if not self.text or _CONTROL.search(self.text):
            raise Malformed(what=_WHAT, message=f"{self.oid}: empty, or a control character")
        if self.printable and not _PRINTABLE.fullmatch(self.text):
            raise Malformed(what=_WHAT, message=f"{self.oid}: not a PrintableString")
        try:
            self.text.encode()
        except UnicodeEncodeError as error:
            raise Malformed(what=_WHAT, message=f"{self.oid}: not Unicode text") from error

    @property
    def value_der(self) -> bytes:
        """The value alone, with its string type."""
        tag = codec.PRINTABLE_STRING if self.printable else codec.UTF8_STRING
        return codec.tlv(tag, self.text.encode())

    @property
    def rfc4514(self) -> str:
        """``type=value``, escaped (RFC 4514 2.3, 2.4)."""
        descriptor = _DESCRIPTORS.get(self.oid)
        if descriptor is None:
            return f"{self.oid}=#{self.value_der.hex()}"
        text = _SPECIAL.sub(r"\\\1", self.text)
        if text[0] in " #":
            text = "\\" + text
        if text.endswith(" ") and len(self.text) > 1:
            text = text[:-1] + "\\ "
        return f"{descriptor}={text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinguishedName:
    """Relative names in the certificate's order (country first), each of exactly one attribute."""

    rdns: tuple[Attribute, ...]

    @classmethod
    def of(cls, *rdns: Attribute) -> Self:
        """A name of these attributes, in this order."""
        return cls(rdns=rdns)

    @property
    def der(self) -> bytes:
        """The whole Name. Names are equal when these bytes are."""
        return codec.sequence(
            *(
                codec.tlv(codec.SET, codec.sequence(codec.oid(rdn.oid), rdn.value_der))
                for rdn in self.rdns
            )
        )

    @property
    def rfc4514(self) -> str:
        """The string of RFC 4514: last relative name first."""
        return self.text(reverse=True)

    def text(self, *, reverse: bool) -> str:
        """The string form: ``reverse`` for the order of RFC 4514, otherwise the certificate's."""
        rdns = reversed(self.rdns) if reverse else self.rdns
        return ",".join(rdn.rfc4514 for rdn in rdns)

    def values(self, oid: str) -> tuple[Attribute, ...]:
        """Every attribute of this type, in order."""
        return tuple(rdn for rdn in self.rdns if rdn.oid == oid)


@lru_cache(maxsize=64)
def read_name(der: bytes) -> DistinguishedName:
    """Read a Name whose relative names have one attribute each, UTF8String or PrintableString.

    The last few are remembered: each rule of a lint reads the name that it judges.

    Raises:
        Malformed: anything else. (Names that are only compared need no reading.)
    """
    name = codec.outermost(der, _WHAT, _LIMIT)
    rdns: list[Attribute] = []
    while name.tag() >= 0:
        rdns.append(_read_rdn(name.element(codec.SET)))
    return DistinguishedName(rdns=tuple(rdns))


@lru_cache(maxsize=128)
def _read_rdn(der: bytes) -> Attribute:
    """One relative name; country and organisation are the same in name after name."""
    rdn = codec.Reader(der, _WHAT).enter(codec.SET)
    pair = rdn.enter()
    rdn.finish()
    oid = pair.oid()
    printable = pair.tag() == codec.PRINTABLE_STRING
    octets = pair.take(codec.PRINTABLE_STRING if printable else codec.UTF8_STRING)
    pair.finish()
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise Malformed(what=_WHAT, message=f"{oid}: not UTF-8") from error
    return Attribute(oid=oid, text=text, printable=printable)
