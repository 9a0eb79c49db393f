"""What a CRL says (RFC 5280 5): pure, up to the bytes that are signed.

Retention: what is listed stays listed, also after the certificate expired, for as long as the store
knows it; expiredCertsOnCRL says so, since the issuer exists (X.509 9.5.2.8). Signatures made before
a revocation stay provable that way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from crl.policy import CrlPolicy
from crl.ports import Listing, SignatureCheck
from pki.der.certificate import read_certificate
from pki.der.crl import Crl, CrlContent, encode_entry, read_crl
from pki.der.spki import key_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import IntegrityBroken, SignatureBroken
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import ListedCertificate, PublishedCrl
from pki.domain.status import crl_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlIssuer:
    """The CA whose CRL it is; name and key identifier are those of its certificate, to the byte."""

    issuer: IssuerId
    name_der: bytes
    key_id: bytes
    public_key: bytes
    since: datetime

    @classmethod
    def of(cls, issuer: IssuerId, certificate: bytes) -> Self:
        """From the CA's DER certificate.

        Raises:
            Malformed: not a certificate.
        """
        read = read_certificate(certificate)
        public_key = read.content.public_key
        return cls(
            issuer=issuer,
            name_der=read.content.subject_der,
            key_id=read.subject_key_id or key_identifier(public_key),
            public_key=public_key,
            since=read.content.not_before,
        )


def encode_listing(listed: Iterable[ListedCertificate]) -> tuple[bytes, ...]:
    """The entries, encoded.

    Raises:
        IntegrityBroken: the serials do not rise: the store gave one twice or out of order.
    """
    entries: list[bytes] = []
    last: SerialNumber | None = None
    for each in listed:
        if last is not None and each.serial <= last:
            raise IntegrityBroken(
                message=f"the store lists {each.serial} after {last}",
                next_step="run zorgid journal verify and examine the store",
            )
        last = each.serial
        entry = crl_entry(each.status)
        if entry is not None:
            entries.append(encode_entry(each.serial, *entry))
    return tuple(entries)


def compose(
    issuer: CrlIssuer,
    listing: Listing,
    *,
    algorithm: SignatureAlgorithm,
    now: datetime,
    policy: CrlPolicy,
) -> CrlContent:
    """The next CRL. Its number is one more than its predecessor's, or than the floor.

    thisUpdate is now, in whole seconds, but never before the predecessor's: when the clock was set
    back, it keeps that time. A block must reach the relying parties whatever the clock does, and a
    CRL that seems older than the one before would be ignored.
    """
    this_update = now.replace(microsecond=0)
    number = listing.floor + 1
    if listing.previous is not None:
        this_update = max(this_update, listing.previous.this_update)
        number = max(listing.previous.number, listing.floor) + 1
    return CrlContent(
        issuer_der=issuer.name_der,
        algorithm=algorithm,
        this_update=this_update,
        next_update=this_update + policy.validity,
        number=number,
        authority_key_id=issuer.key_id,
        entries=listing.entries,
        expired_certs_on_crl=issuer.since,
    )


def read_verified(issuer: CrlIssuer, der: bytes, verify: SignatureCheck) -> Crl:
    """Read a CRL and make sure that ``issuer`` signed it.

    Raises:
        Malformed: not a CRL.
        SignatureBroken: another issuer's, or its signature does not verify.
    """
    read = read_crl(der)
    if read.issuer_der != issuer.name_der or not verify(
        issuer.public_key, read.algorithm, read.tbs, read.signature
    ):
        raise SignatureBroken(
            message=f"a CRL is not signed by {issuer.issuer}",
            next_step="compare the issuer's certificate and key; do not use this CRL",
        )
    return read


def imported(issuer: CrlIssuer, der: bytes, verify: SignatureCheck) -> PublishedCrl:
    """A CRL made elsewhere (at a key ceremony), to be served as it is.

    Raises:
        Malformed: not a CRL.
        SignatureBroken: not signed by ``issuer``.
    """
    read = read_verified(issuer, der, verify)
    return PublishedCrl(
        issuer=issuer.issuer,
        number=read.number,
        this_update=read.this_update,
        next_update=read.next_update,
        der=der,
        entries=len(read.entries),
        upto=0,
    )
