"""Entries of revokedCertificates (RFC 5280 5.1.2.6, 5.3), written and read."""

import re
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.extensions import Extension, encode_extensions, read_extensions
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

_WHAT: Final = "CRL"
_ENTRY_LIMIT: Final = 16 * 1024
_REMOVE_FROM_CRL: Final = 8

Entry = tuple[datetime, RevocationReason | None]
"""When a certificate was revoked or put on hold, and why."""


def _reason_extension(code: int) -> Extension:
    value = codec.integer(code, codec.ENUMERATED)
    return Extension(oid=oids.CRL_REASON, critical=False, value=value)


def _reason_extensions(code: int) -> bytes:
    return encode_extensions([_reason_extension(code)])


_REASONS: Final[dict[RevocationReason | None, bytes]] = {
    None: b"",
    **{reason: _reason_extensions(reason) for reason in RevocationReason},
}
_REMOVAL: Final = _reason_extensions(_REMOVE_FROM_CRL)
# Codes of RFC 5280 5.3.1 that say no more here than "revoked"; 8 belongs to delta CRLs alone.
_UNSPECIFIC: Final = frozenset({0, 10})

# SEQUENCE, a positive serial number of 20 octets, UTCTime, at most a reason and invalidityDate.
_ORDINARY: Final = re.compile(
    rb"\x30(.)\x02\x14([\x01-\x7f].{19})\x17\x0d([0-9]{12})Z"
    rb"((?:\x30[\x0c\x26]\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01."
    rb"(?:\x30\x18\x06\x03\x55\x1d\x18\x04\x11\x18\x0f[0-9]{14}Z)?)?)",
    re.DOTALL,
)
_BEFORE_REASON: Final = 37


def encode_entry(
    serial: SerialNumber,
    revoked_at: datetime,
    reason: RevocationReason | None,
    invalidity_date: datetime | None = None,
) -> bytes:
    """One entry of revokedCertificates; what is not known has no extension (RFC 5280 5.3.1)."""
    extensions = _REASONS[reason]
    if invalidity_date is not None:
        extensions = _with_invalidity(reason, invalidity_date)
    return codec.tlv(
        codec.SEQUENCE, codec.integer(serial.value) + codec.time(revoked_at) + extensions
    )


def _with_invalidity(reason: RevocationReason | None, at: datetime) -> bytes:
    extensions = [] if reason is None else [_reason_extension(reason)]
    value = codec.generalized_time(at)
    extensions.append(Extension(oid=oids.INVALIDITY_DATE, critical=False, value=value))
    return encode_extensions(extensions)


def encode_removal(serial: SerialNumber, removed_at: datetime) -> bytes:
    """An entry that takes a lifted hold away, for delta CRLs alone (RFC 5280 5.3.1)."""
    content = codec.integer(serial.value) + codec.time(removed_at) + _REMOVAL
    return codec.tlv(codec.SEQUENCE, content)


def _read_reason(value: bytes) -> RevocationReason | None:
    reader = codec.Reader(value, _WHAT)
    code = reader.integer(codec.ENUMERATED)
    reader.finish()
    if code in _UNSPECIFIC:
        return None
    try:
        return RevocationReason(code)
    except ValueError as error:
        raise reader.bad("a reason that a full CRL cannot have") from error


def _read_entry_reason(extensions_der: bytes) -> RevocationReason | None:
    reason: RevocationReason | None = None
    reader = codec.outermost(extensions_der, _WHAT, _ENTRY_LIMIT)
    for extension in read_extensions(reader):
        if extension.oid == oids.CRL_REASON:
            reason = _read_reason(extension.value)
        elif extension.critical:
            raise reader.bad("an entry has a critical extension that is not understood")
    return reason


def _read_ordinary(listed: bytes) -> dict[int, Entry] | None:
    """Entries of the form that we write, read several times faster; None if one is of another."""
    entries: dict[int, Entry] = {}
    reasons: dict[bytes, RevocationReason | None] = {b"": None}
    position = count = 0
    for found in _ORDINARY.finditer(listed):
        size, serial, digits, extensions_der = found.groups()
        if found.start() != position or size[0] != _BEFORE_REASON + len(extensions_der):
            return None
        position = found.end()
        count += 1
        if extensions_der not in reasons:
            reasons[extensions_der] = _read_entry_reason(extensions_der)
        try:
            revoked_at = codec.moment_of(codec.full_year(int(digits)))
        except ValueError:
            return None
        entries[int.from_bytes(serial, "big")] = (revoked_at, reasons[extensions_der])
    return entries if position == len(listed) and len(entries) == count else None


def read_entries(listed: bytes) -> dict[int, Entry]:
    """The content of revokedCertificates, by serial number.

    Raises:
        Malformed: not entries of a complete CRL, or a serial number twice.
    """
    ordinary = _read_ordinary(listed)
    if ordinary is not None:
        return ordinary
    entries: dict[int, Entry] = {}
    revoked = codec.Reader(listed, _WHAT)
    while revoked.tag() >= 0:
        one = revoked.enter()
        serial = one.integer()
        revoked_at = one.time()
        if serial in entries:
            raise revoked.bad("a serial number twice")
        extensions_der = one.rest()
        reason = _read_entry_reason(extensions_der) if extensions_der else None
        entries[serial] = (revoked_at, reason)
    return entries
