"""What a CRL says, as the bytes to be signed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_identifier
from pki.der.extensions import (
    Extension,
    authority_key_id,
    crl_distribution_points,
    encode_extensions,
    issuing_distribution_point,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed

_VERSION_2: Final = codec.integer(1)
NUMBER_LIMIT: Final = 1 << 159
"""RFC 5280 5.2.3: at most 20 octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlContent:
    """What a CRL says. ``entries`` are encoded by `encode_entry`, sorted by serial, none twice.

    ``expired_certs_on_crl``: certificates that expired since then stay listed (X.509 9.5.2.8).
    ``distribution_point``: where it is found, if it lists but a part of the CA's certificates (RFC
    5280 5.2.5). ``base_number``: it says what changed since that CRL (5.2.4). ``freshest``: where
    its delta CRLs are found (5.2.6).
    """

    issuer_der: bytes
    algorithm: SignatureAlgorithm
    this_update: datetime
    next_update: datetime
    number: int
    authority_key_id: bytes
    entries: Iterable[bytes] = ()
    expired_certs_on_crl: datetime | None = None
    distribution_point: str | None = None
    base_number: int | None = None
    freshest: str | None = None


def encode_tbs_crl(content: CrlContent) -> bytes:
    """The bytes to be signed; no entries, no revokedCertificates (RFC 5280 5.1.2.6).

    Raises:
        Malformed: a CRL number that is negative or longer than 20 octets (RFC 5280 5.2.3).
    """
    entries = tuple(content.entries)
    head, tail = tbs_around(content, sum(map(len, entries)))
    return b"".join((head, *entries, tail))


def tbs_around(content: CrlContent, octets: int) -> tuple[bytes, bytes]:
    """What stands before and after ``octets`` octets of entries in the bytes to be signed.

    Raises:
        Malformed: as `encode_tbs_crl`.
    """
    for number in (content.number, content.base_number or 0):
        if not 0 <= number < NUMBER_LIMIT:
            raise Malformed(what="CRL", message="CRL number must be in [0, 2^159)")
    front = b"".join(
        (
            _VERSION_2,
            algorithm_identifier(content.algorithm),
            content.issuer_der,
            codec.time(content.this_update),
            codec.time(content.next_update),
            codec.sequence_header(octets) if octets else b"",
        )
    )
    tail = codec.explicit(0, encode_extensions(_extensions(content)))
    return codec.sequence_header(len(front) + octets + len(tail)) + front, tail


def _extensions(content: CrlContent) -> list[Extension]:
    values = {
        oids.AUTHORITY_KEY_ID: authority_key_id(content.authority_key_id),
        oids.CRL_NUMBER: codec.integer(content.number),
    }
    if content.expired_certs_on_crl is not None:
        values[oids.EXPIRED_CERTS_ON_CRL] = codec.generalized_time(content.expired_certs_on_crl)
    if content.freshest is not None:
        values[oids.FRESHEST_CRL] = crl_distribution_points([content.freshest])
    extensions = [Extension(oid=oid, critical=False, value=each) for oid, each in values.items()]
    if content.distribution_point is not None:
        value = issuing_distribution_point(content.distribution_point)
        oid = oids.ISSUING_DISTRIBUTION_POINT
        extensions.append(Extension(oid=oid, critical=True, value=value))
    if content.base_number is not None:
        value = codec.integer(content.base_number)
        extensions.append(Extension(oid=oids.DELTA_CRL_INDICATOR, critical=True, value=value))
    return extensions
