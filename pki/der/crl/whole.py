"""A complete CRL, read with all its entries."""

from dataclasses import dataclass
from datetime import datetime

from pki.der.crl.entries import Entry, read_entries
from pki.der.crl.frame import read_crl_frame
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed


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


def read_crl(der: bytes) -> Crl:
    """Read one full DER CRL of version 2, in linear time; nothing is verified.

    Raises:
        Malformed: anything else: no nextUpdate or number, a serial twice, a critical extension
            that is not understood, two algorithms, a delta or partial CRL.
    """
    frame = read_crl_frame(der)
    if frame.base_number is not None or frame.distribution_point is not None:
        raise Malformed(
            what="CRL", message="CRL: delta and partial ones are not understood where all is asked"
        )
    return Crl(
        tbs=der[frame.tbs],
        algorithm=frame.algorithm,
        signature=frame.signature,
        issuer_der=frame.issuer_der,
        this_update=frame.this_update,
        next_update=frame.next_update,
        number=frame.number,
        authority_key_id=frame.authority_key_id,
        entries=read_entries(der[frame.listed]),
        expired_certs_on_crl=frame.expired_certs_on_crl,
    )
