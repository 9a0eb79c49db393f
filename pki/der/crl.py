"""CRLs, version 2 and full (RFC 5280 5): joined from encoded entries, in linear time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der, algorithm_identifier
from pki.der.extension_values import read_authority_key_id
from pki.der.extensions import Extension, authority_key_id, encode_extensions, read_extensions
from pki.der.signed import SIZE_LIMIT, split
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

_WHAT: Final = "CRL"
_VERSION_2: Final = codec.integer(1)
_NUMBER_LIMIT: Final = 1 << 159
_ENTRY_LIMIT: Final = 16 * 1024


def _reason_extensions(reason: RevocationReason) -> bytes:
    value = codec.integer(reason, codec.ENUMERATED)
    return encode_extensions([Extension(oid=oids.CRL_REASON, critical=False, value=value)])


_REASONS: Final[dict[RevocationReason | None, bytes]] = {
    None: b"",
    **{reason: _reason_extensions(reason) for reason in RevocationReason},
}
# Codes of RFC 5280 5.3.1 that say no more here than "revoked"; 8 belongs to delta CRLs alone.
_UNSPECIFIC: Final = frozenset({0, 2, 10})

# SEQUENCE, a positive serial number of 20 octets, UTCTime, at most a reason.
_ORDINARY: Final = re.compile(
    rb"\x30(.)\x02\x14([\x01-\x7f].{19})\x17\x0d([0-9]{12})Z"
    rb"((?:\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01.)?)",
    re.DOTALL,
)
_BEFORE_REASON: Final = 37

Entry = tuple[datetime, RevocationReason | None]
"""When a certificate was revoked or put on hold, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlContent:
    """What a CRL says. ``entries`` are encoded by `encode_entry`, sorted by serial, none twice.

    ``expired_certs_on_crl``: certificates that expired since then stay listed (X.509 9.5.2.8).
    """

    issuer_der: bytes
    algorithm: SignatureAlgorithm
    this_update: datetime
    next_update: datetime
    number: int
    authority_key_id: bytes
    entries: Iterable[bytes]
    expired_certs_on_crl: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl:
    """A CRL that was read, not verified. ``tbs`` was signed; ``entries`` go by serial number."""

    tbs: bytes
    algorithm: SignatureAlgorithm
    signature: bytes
    issuer_der: bytes
    this_update: datetime
    next_update: datetime
    number: int
    authority_key_id: bytes | None
    entries: dict[int, Entry]
    expired_certs_on_crl: datetime | None


def encode_entry(
    serial: SerialNumber, revoked_at: datetime, reason: RevocationReason | None
) -> bytes:
    """One entry of revokedCertificates; without a reason there is no extension (RFC 5280 5.3.1)."""
    return codec.tlv(
        codec.SEQUENCE, codec.integer(serial.value) + codec.time(revoked_at) + _REASONS[reason]
    )


def encode_tbs_crl(content: CrlContent) -> bytes:
    """The bytes to be signed; no entries, no revokedCertificates (RFC 5280 5.1.2.6).

    Raises:
        Malformed: a CRL number that is negative or longer than 20 octets (RFC 5280 5.2.3).
    """
    if not 0 <= content.number < _NUMBER_LIMIT:
        raise Malformed(what=_WHAT, message="CRL number must be in [0, 2^159)")
    entries = b"".join(content.entries)
    return codec.sequence(
        _VERSION_2,
        algorithm_identifier(content.algorithm),
        content.issuer_der,
        codec.time(content.this_update),
        codec.time(content.next_update),
        codec.tlv(codec.SEQUENCE, entries) if entries else b"",
        codec.explicit(0, encode_extensions(_extensions(content))),
    )


def _extensions(content: CrlContent) -> list[Extension]:
    values = {
        oids.AUTHORITY_KEY_ID: authority_key_id(content.authority_key_id),
        oids.CRL_NUMBER: codec.integer(content.number),
    }
    if content.expired_certs_on_crl is not None:
        values[oids.EXPIRED_CERTS_ON_CRL] = codec.generalized_time(content.expired_certs_on_crl)
    return [Extension(oid=oid, critical=False, value=value) for oid, value in values.items()]


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


def _read_entries(listed: bytes) -> dict[int, Entry]:
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


def _read_extensions(wrapper: codec.Reader) -> dict[str, bytes]:
    known = {oids.AUTHORITY_KEY_ID, oids.CRL_NUMBER, oids.EXPIRED_CERTS_ON_CRL}
    extensions = read_extensions(wrapper.enter())
    wrapper.finish()
    for extension in extensions:
        if extension.critical and extension.oid not in known:
            raise wrapper.bad("a critical extension that is not understood")
    return {extension.oid: extension.value for extension in extensions}


def _number(value: bytes | None) -> int:
    reader = codec.Reader(b"" if value is None else value, "CRL number")
    number = reader.integer()
    reader.finish()
    if not 0 <= number < _NUMBER_LIMIT:
        raise reader.bad("negative, or longer than 20 octets")
    return number


def _expired_certs(value: bytes | None) -> datetime | None:
    if value is None:
        return None
    reader = codec.Reader(value, "expiredCertsOnCRL")
    moment = reader.generalized_time()
    reader.finish()
    return moment


def read_crl(der: bytes) -> Crl:
    """Read one full DER CRL of version 2, in linear time; nothing is verified.

    Raises:
        Malformed: anything else: no nextUpdate or number, a serial twice, a critical extension
            that is not understood (delta and partial CRLs included), two algorithms.
    """
    parts = split(der, _WHAT)
    body = codec.outermost(parts.tbs, _WHAT, SIZE_LIMIT)
    if body.element(codec.INTEGER) != _VERSION_2:
        raise body.bad("not version 2")
    if algorithm_from_der(body.element(codec.SEQUENCE)) is not parts.algorithm:
        raise body.bad("two signature algorithms")
    issuer_der = body.element(codec.SEQUENCE)
    this_update, next_update = body.time(), body.time()
    entries = _read_entries(body.take(codec.SEQUENCE)) if body.tag() == codec.SEQUENCE else {}
    values = _read_extensions(body.enter(codec.constructed(0)))
    body.finish()
    key_id = values.get(oids.AUTHORITY_KEY_ID)
    return Crl(
        tbs=parts.tbs,
        algorithm=parts.algorithm,
        signature=parts.signature,
        issuer_der=issuer_der,
        this_update=this_update,
        next_update=next_update,
        number=_number(values.get(oids.CRL_NUMBER)),
        authority_key_id=None if key_id is None else read_authority_key_id(key_id),
        entries=entries,
        expired_certs_on_crl=_expired_certs(values.get(oids.EXPIRED_CERTS_ON_CRL)),
    )
