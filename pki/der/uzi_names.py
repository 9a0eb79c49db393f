"""The subjectAltName of UZI passes and of our cards (CPS UZI-register 7.1.5, 10.3)."""

from dataclasses import dataclass
from typing import Final

from pki.der import codec, oids
from pki.domain.errors import Malformed
from pki.domain.uzi import UziName

_WHAT: Final = "subjectAltName"
_LIMIT: Final = 4 * 1024
_GENERAL_NAMES: Final = frozenset({0x81, 0x82, 0x86, 0x87, 0x88, 0xA0, 0xA3, 0xA4, 0xA5})
"""Tags of GeneralName (RFC 5280 4.2.1.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UziSan:
    """What a subjectAltName says; ``upn`` stands on authenticity certificates only."""

    name: UziName
    upn: str | None


def _other_name(type_id: str, value: bytes) -> bytes:
    return codec.tlv(codec.constructed(0), codec.oid(type_id) + codec.explicit(0, value))


def encode_subject_alt_name(name: UziName) -> bytes:
    """The extension value of an authenticity certificate: UPN first, then 2.5.5.5."""
    return codec.sequence(
        _other_name(oids.USER_PRINCIPAL_NAME, codec.tlv(codec.UTF8_STRING, name.upn.encode())),
        _other_name(oids.UZI_NAME, codec.tlv(codec.IA5_STRING, name.text.encode())),
    )


def _text(value: codec.Reader, tag: int, encoding: str) -> str:
    octets = value.take(tag)
    value.finish()
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as error:
        raise value.bad("text is not in its own alphabet") from error


def _only(found: list[str], message: str) -> str | None:
    if len(found) > 1:
        raise Malformed(what=_WHAT, message=f"{_WHAT}: {message}")
    return found[0] if found else None


def read_subject_alt_name(der: bytes) -> UziSan:
    """Read the extension value of a signature, confidentiality or authenticity certificate.

    Names of other kinds are passed over. Strict about ours: exactly one 2.5.5.5, which is an
    IA5String of exactly seven pieces; at most one UPN, a UTF8String that repeats UZI number and
    URA.

    Raises:
        Malformed: anything else; the message names the rule that is broken.
    """
    names = codec.outermost(der, _WHAT, _LIMIT)
    uzi: list[str] = []
    upns: list[str] = []
    while (tag := names.tag()) >= 0:
        if tag not in _GENERAL_NAMES:
            raise names.bad("not a general name")
        if tag != codec.constructed(0):
            names.element()
            continue
        other = names.enter(tag)
        type_id = other.oid()
        value = other.enter(codec.constructed(0))
        other.finish()
        if type_id == oids.UZI_NAME:
            uzi.append(_text(value, codec.IA5_STRING, "ascii"))
        elif type_id == oids.USER_PRINCIPAL_NAME:
            upns.append(_text(value, codec.UTF8_STRING, "utf-8"))
    text = _only(uzi, "more than one name of type 2.5.5.5")
    if text is None:
        raise Malformed(what=_WHAT, message=f"{_WHAT}: no name of type 2.5.5.5")
    name = UziName.parse(text)
    upn = _only(upns, "more than one UPN")
    if upn is not None and upn != name.upn:
        raise Malformed(what=_WHAT, message=f"{_WHAT}: UPN does not repeat UZI number and URA")
    return UziSan(name=name, upn=upn)
