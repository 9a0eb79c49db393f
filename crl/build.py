"""What a CRL says (RFC 5280 5): pure, up to the bytes that are signed.

Retention: what is listed stays listed, also after the certificate expired, for as long as the store
knows it; expiredCertsOnCRL says so, since the issuer exists (X.509 9.5.2.8). Signatures made before
a revocation stay provable that way.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from crl.policy import LAST_UPDATE
from crl.ports import SignatureCheck
from crl.roll import Roll, roll_of
from crl.succession import Shown
from pki.der.certificate import read_certificate
from pki.der.crl import (
    Crl,
    CrlContent,
    CrlFrame,
    encode_entry,
    read_crl,
    read_crl_frame,
    tbs_around,
)
from pki.der.signed import around
from pki.der.spki import key_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed, SignatureBroken
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import CrlList, CrlPiece, PublishedCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlIssuer:
    """The CA whose CRL it is, and which of its lists.

    Name and key identifier are those of its certificate, to the byte.
    """

    issuer: IssuerId
    name_der: bytes
    key_id: bytes
    public_key: bytes
    since: datetime
    crl_list: CrlList

    @classmethod
    def of(cls, issuer: IssuerId, certificate: bytes, crl_list: CrlList | None = None) -> Self:
        """From the CA's DER certificate; its complete list, where no other is given.

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
            crl_list=crl_list or CrlList(issuer=issuer),
        )

    def verify(self, der: bytes, frame: CrlFrame, check: SignatureCheck) -> None:
        """Make sure that this issuer signed the CRL.

        Raises:
            SignatureBroken: another issuer's, or its signature does not verify.
        """
        if frame.issuer_der != self.name_der or not check(
            self.public_key, frame.algorithm, der[frame.tbs], frame.signature
        ):
            raise SignatureBroken(
                message=f"a CRL is not signed by {self.issuer}",
                next_step="compare the issuer's certificate and key; do not use this CRL",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A CRL before it is signed: what it says, and its entries in order."""

    content: CrlContent
    entries: Sequence[CrlPiece]
    count: int

    @property
    def octets(self) -> int:
        """How long all entries are together."""
        return sum(len(each.octets) for each in self.entries)

    def pieces(self) -> list[bytes]:
        """The bytes to be signed, in pieces."""
        head, tail = tbs_around(self.content, self.octets)
        return [head, *(each.octets for each in self.entries), tail]

    def signed(self, signature: bytes) -> list[CrlPiece]:
        """The whole CRL, in pieces; those of the entries keep their digests."""
        first, *middle, last = self.pieces()
        size = len(first) + len(last) + sum(map(len, middle))
        before, after = around(size, self.content.algorithm, signature)
        return [_piece(before + first), *self.entries, _piece(last + after)]


def _piece(octets: bytes) -> CrlPiece:
    return CrlPiece(sha256=hashlib.sha256(octets).digest(), octets=octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """What the next CRL of a list has to follow.

    ``number`` is the highest one used, ``this_update`` the last one's, if there was one.
    ``delta``: a delta of the same moment goes with it, on an older one.
    """

    number: int
    this_update: datetime | None
    delta: bool = False


def compose(
    issuer: CrlIssuer,
    last: Succession,
    *,
    algorithm: SignatureAlgorithm,
    now: datetime,
    validity: timedelta | None,
) -> CrlContent:
    """The next CRL of a list, without its entries. Its number is one more than the last.

    Without ``validity`` it is the issuer's last, good for ever; no delta will follow it.

    thisUpdate is now, in whole seconds, but never before the predecessor's: when the clock was set
    back, it keeps that time. A block must reach the relying parties whatever the clock does, and a
    CRL that seems older than the one before would be ignored.
    """
    this_update = now.replace(microsecond=0)
    if last.this_update is not None:
        this_update = max(this_update, last.this_update)
    return CrlContent(
        issuer_der=issuer.name_der,
        algorithm=algorithm,
        this_update=this_update,
        next_update=LAST_UPDATE if validity is None else this_update + validity,
        number=last.number + 1,
        authority_key_id=issuer.key_id,
        expired_certs_on_crl=issuer.since,
        distribution_point=issuer.crl_list.point if issuer.crl_list.parts else None,
        freshest=issuer.crl_list.delta if last.delta else None,
    )


def shown(frame: CrlFrame, roll: Roll) -> Shown:
    """What a CRL that was read showed."""
    return Shown(
        issuer_der=frame.issuer_der,
        authority_key_id=frame.authority_key_id,
        distribution_point=frame.distribution_point,
        number=frame.number,
        this_update=frame.this_update,
        next_update=frame.next_update,
        roll=roll,
    )


def shown_by(crl: Crl) -> Shown:
    """What a complete CRL of any make shows.

    Raises:
        Malformed: it lists a serial number that no certificate can have.
    """
    entries = (
        encode_entry(SerialNumber(serial), *crl.entries[serial]) for serial in sorted(crl.entries)
    )
    return Shown(
        issuer_der=crl.issuer_der,
        authority_key_id=crl.authority_key_id,
        distribution_point=None,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        roll=roll_of(b"".join(entries)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """A complete CRL that this program published before; its signature was verified."""

    der: bytes
    frame: CrlFrame

    def shown(self, near: Roll) -> Shown:
        """What it showed, compared with the entries of now, which are ``near`` the same.

        Raises:
            Malformed: entries as this program never writes them.
        """
        return shown(self.frame, roll_of(self.der, self.frame.listed, near))


def predecessor(issuer: CrlIssuer, der: bytes, check: SignatureCheck) -> Predecessor:
    """A complete CRL that this program published before.

    Raises:
        Malformed: not a CRL, or a delta.
        SignatureBroken: not signed by ``issuer``.
    """
    frame = read_crl_frame(der)
    issuer.verify(der, frame, check)
    if frame.base_number is not None:
        raise Malformed(what="CRL", message="a delta stands where a complete CRL should")
    return Predecessor(der=der, frame=frame)


def same_content(frame: CrlFrame, content: CrlContent) -> bool:
    """Whether a CRL that was read says, around its entries, what it was to say."""
    wanted = () if content.freshest is None else (content.freshest,)
    return (
        frame.algorithm is content.algorithm
        and frame.freshest == wanted
        and all(
            getattr(frame, name) == getattr(content, name)
            for name in (
                "issuer_der",
                "this_update",
                "next_update",
                "number",
                "authority_key_id",
                "expired_certs_on_crl",
                "distribution_point",
                "base_number",
            )
        )
    )


def read_verified(issuer: CrlIssuer, der: bytes, verify: SignatureCheck) -> Crl:
    """Read a complete CRL with its entries, and make sure that ``issuer`` signed it.

    Raises:
        Malformed: not a complete CRL.
        SignatureBroken: another issuer's, or its signature does not verify.
    """
    read = read_crl(der)
    issuer.verify(der, read_crl_frame(der), verify)
    return read


def imported(issuer: CrlIssuer, der: bytes, verify: SignatureCheck) -> PublishedCrl:
    """A complete CRL made elsewhere (at a key ceremony), to be served as it is.

    Raises:
        Malformed: not a complete CRL.
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
