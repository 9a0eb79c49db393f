"""A CRL without its entries: where they lie, and all that stands around them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der
from pki.der.crl.content import NUMBER_LIMIT
from pki.der.extension_values import (
    read_authority_key_id,
    read_crl_distribution_points,
    read_issuing_distribution_point,
)
from pki.der.extensions import Extension, read_extensions
from pki.der.signed import SIZE_LIMIT
from pki.domain.algorithms import SignatureAlgorithm

_WHAT: Final = "CRL"
_VERSION_2: Final = codec.integer(1)
_SCOPE: Final = frozenset({oids.ISSUING_DISTRIBUTION_POINT, oids.DELTA_CRL_INDICATOR})
_KNOWN: Final = _SCOPE | {
    oids.AUTHORITY_KEY_ID,
    oids.CRL_NUMBER,
    oids.EXPIRED_CERTS_ON_CRL,
    oids.FRESHEST_CRL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlFrame:
    """A CRL that was read, not verified, nor were its entries read.

    ``tbs`` and ``listed`` say from where to where in the DER the signed part and the entries lie.
    """

    tbs: slice
    listed: slice
    algorithm: SignatureAlgorithm
    signature: bytes
    issuer_der: bytes
    this_update: datetime
    next_update: datetime
    number: int
    authority_key_id: bytes | None
    expired_certs_on_crl: datetime | None
    distribution_point: str | None
    base_number: int | None
    freshest: tuple[str, ...]


def read_crl_frame(der: codec.Octets) -> CrlFrame:
    """Read all but the entries, whatever the size; partial and delta CRLs too.

    Raises:
        Malformed: not a DER CRL of version 2 with nextUpdate and number, a critical extension that
            is not understood, two algorithms.
    """
    outer = codec.outermost(der, _WHAT, SIZE_LIMIT)
    start, first, stop = outer.span(codec.SEQUENCE)
    algorithm = algorithm_from_der(outer.element(codec.SEQUENCE))
    signature = outer.octet_bits()
    outer.finish()
    body = codec.Reader(der, _WHAT, first, stop)
    if body.element(codec.INTEGER) != _VERSION_2:
        raise body.bad("not version 2")
    if algorithm_from_der(body.element(codec.SEQUENCE)) is not algorithm:
        raise body.bad("two signature algorithms")
    issuer_der = body.element(codec.SEQUENCE)
    this_update, next_update = body.time(), body.time()
    listed = slice(0, 0)
    if body.tag() == codec.SEQUENCE:
        listed = slice(*body.span(codec.SEQUENCE)[1:])
    values = _values(body.enter(codec.constructed(0)))
    body.finish()
    return CrlFrame(
        tbs=slice(start, stop),
        listed=listed,
        algorithm=algorithm,
        signature=signature,
        issuer_der=issuer_der,
        this_update=this_update,
        next_update=next_update,
        number=_number(values.get(oids.CRL_NUMBER)),
        authority_key_id=_key_id(values.get(oids.AUTHORITY_KEY_ID)),
        expired_certs_on_crl=_expired_certs(values.get(oids.EXPIRED_CERTS_ON_CRL)),
        distribution_point=_point(values.get(oids.ISSUING_DISTRIBUTION_POINT)),
        base_number=_base(values.get(oids.DELTA_CRL_INDICATOR)),
        freshest=_freshest(values.get(oids.FRESHEST_CRL)),
    )


def _values(wrapper: codec.Reader) -> dict[str, bytes]:
    extensions = read_extensions(wrapper.enter())
    wrapper.finish()
    for extension in extensions:
        if _not_understood(extension):
            raise wrapper.bad("a critical extension that is not understood")
    return {extension.oid: extension.value for extension in extensions}


def _not_understood(extension: Extension) -> bool:
    """Scope and base must be critical: who passes them over takes a part for the whole."""
    if extension.oid in _SCOPE:
        return not extension.critical
    return extension.critical and extension.oid not in _KNOWN


def _number(value: bytes | None) -> int:
    reader = codec.Reader(b"" if value is None else value, "CRL number")
    number = reader.integer()
    reader.finish()
    if not 0 <= number < NUMBER_LIMIT:
        raise reader.bad("negative, or longer than 20 octets")
    return number


def _expired_certs(value: bytes | None) -> datetime | None:
    if value is None:
        return None
    reader = codec.Reader(value, "expiredCertsOnCRL")
    moment = reader.generalized_time()
    reader.finish()
    return moment


def _key_id(value: bytes | None) -> bytes | None:
    return None if value is None else read_authority_key_id(value)


def _point(value: bytes | None) -> str | None:
    return None if value is None else read_issuing_distribution_point(value)


def _base(value: bytes | None) -> int | None:
    return None if value is None else _number(value)


def _freshest(value: bytes | None) -> tuple[str, ...]:
    return () if value is None else read_crl_distribution_points(value)
