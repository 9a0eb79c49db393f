"""A CRL read from outside: fetched, verified, and asked about serials."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
from cryptography import x509

from pki.domain.errors import Malformed, SignatureBroken
from pki.domain.identifiers import SerialNumber
from pki.domain.status import OnHold, Revoked
from pki.observe.http import Limits, fetch
from pki.observe.reasons import revocation
from pki.observe.signatures import UNREADABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlView:
    """A CRL whose issuer and signature were verified; whether it is current is another question.

    ``octets`` is its size; a CRL without nextUpdate has none here either.
    """

    number: int
    this_update: datetime
    next_update: datetime | None
    entries: int
    octets: int
    _crl: x509.CertificateRevocationList = field(repr=False)

    def lookup(self, serial: SerialNumber) -> OnHold | Revoked | None:
        """What it says of a serial; None when it does not list it."""
        entry = self._crl.get_revoked_certificate_by_serial_number(serial.value)
        if entry is None:
            return None
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except x509.ExtensionNotFound:
            reason = None
        return revocation(entry.revocation_date_utc, reason)

    def is_current(self, at: datetime) -> bool:
        """Whether a relying party may use it at this moment (RFC 5280 5.1.2.5)."""
        return self.this_update <= at and (self.next_update is None or at <= self.next_update)


def read_crl(der: bytes, issuer: bytes) -> CrlView:
    """Verify a CRL (DER) with its issuer's certificate (DER).

    Raises:
        Malformed: not a CRL, or one without a number (RFC 5280 5.2.3).
        SignatureBroken: another issuer's, or a signature that does not verify.
    """
    ca = x509.load_der_x509_certificate(issuer)
    try:
        crl = x509.load_der_x509_crl(der)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        verifies = crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type] # else TypeError
        entries = len(crl)
    except (*UNREADABLE, x509.ExtensionNotFound) as error:
        raise Malformed(what="CRL", message="not a CRL with a number") from error
    if crl.issuer.public_bytes() != ca.subject.public_bytes():
        raise SignatureBroken(message="the CRL is of another issuer")
    if not verifies:
        raise SignatureBroken(message="the CRL's signature does not verify")
    return CrlView(
        number=number,
        this_update=crl.last_update_utc.astimezone(UTC),
        next_update=crl.next_update_utc,
        entries=entries,
        octets=len(der),
        _crl=crl,
    )


async def fetch_crl(
    session: aiohttp.ClientSession, url: str, issuer: bytes, limits: Limits | None = None
) -> CrlView:
    """Fetch and verify.

    Raises:
        Unavailable: it cannot be had.
        Malformed, SignatureBroken: as `read_crl`.
    """
    return read_crl(await fetch(session, url, limits or Limits()), issuer)
