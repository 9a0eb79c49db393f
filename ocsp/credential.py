"""The responder's own key and certificate: short-lived, and renewed while it runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from pki.der import codec, oids
from pki.der.certificate import read_certificate
from pki.der.ocsp import PreferredSignature
from pki.der.spki import key_identifier
from pki.domain.errors import KeyMismatch
from pki.ports import Signer

RENEW_AT: Final = 0.5
"""The part of its life after which a certificate is replaced: 15 of 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderCredential:
    """A key that signs answers, and the certificate by which the issuer delegates to it.

    ``key_hash`` is SHA-1 of the key bits, the responderID byKey (RFC 6960 4.2.1, RFC 9919 3.2.1).
    """

    signer: Signer
    certificate: bytes
    issuer_der: bytes
    not_before: datetime
    not_after: datetime
    key_hash: bytes

    @classmethod
    def of(cls, signer: Signer, certificate: bytes) -> Self:
        """Join a key and its DER certificate.

        Raises:
            Malformed: not a certificate.
            KeyMismatch: another key's certificate, not for OCSP signing, or without ocsp-nocheck
                (RFC 6960 4.2.2.2).
        """
        read = read_certificate(certificate)
        if read.content.public_key != signer.public_key:
            raise KeyMismatch(
                message="the responder certificate belongs to another key",
                next_step="let the issuance role make a new responder certificate",
            )
        if oids.EKU_OCSP_SIGNING not in (read.extended_key_usage or ()):
            raise KeyMismatch(
                message="the responder certificate is not for OCSP signing",
                next_step="let the issuance role make a new responder certificate",
            )
        if read.extension(oids.OCSP_NO_CHECK) is None:
            raise KeyMismatch(
                message="the responder certificate lacks ocsp-nocheck: clients would ask for its "
                "own status",
                next_step="restore the shipped profile of responder certificates",
            )
        return cls(
            signer=signer,
            certificate=certificate,
            issuer_der=read.content.issuer_der,
            not_before=read.content.not_before,
            not_after=read.content.not_after,
            key_hash=key_identifier(signer.public_key),
        )

    def valid_at(self, now: datetime) -> bool:
        """Both ends of the validity count as inside (RFC 5280 4.1.2.5)."""
        return self.not_before <= now <= self.not_after

    def suits(self, wish: PreferredSignature) -> bool:
        """Whether its signatures are what the client would like (RFC 6960 4.4.7.1).

        A kind of key that is wished for without parameters means any of that kind.
        """
        if wish.algorithm is not self.signer.algorithm:
            return False
        if wish.key is None:
            return True
        wished = codec.Reader(wish.key, "wish").take(codec.SEQUENCE)
        key = codec.Reader(self.signer.public_key, "SubjectPublicKeyInfo").enter()
        return key.take(codec.SEQUENCE).startswith(wished)

    def renewal_due(self, now: datetime) -> bool:
        """Half of its life is over, or it is not valid at all."""
        return now >= self.renew_at or not self.valid_at(now)

    @property
    def renew_at(self) -> datetime:
        """When it should be replaced."""
        return self.not_before + (self.not_after - self.not_before) * RENEW_AT
