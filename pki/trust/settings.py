"""Which UZI passes are believed: given as values, read from no file here."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.uzi import PassType

G3_ALGORITHMS: Final = frozenset({SignatureAlgorithm.SHA256_RSA})
"""What generation G3 of the UZI register signs with (CPS UZI-register 10.3, 7.1.3; measured)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingCa:
    """One UZI CA that issues passes, and what its signature vouches for.

    ``certificates`` (DER) all certify one key under one subject: a CA whose certificate was renewed
    has several. The kind of pass is decided by the CA alone, since policies do not tell Z from N
    (CPS 7.1.6). ``policies``: OIDs, one of which an authenticity certificate carries.
    """

    certificates: tuple[bytes, ...]
    pass_type: PassType
    oid_ca: str
    policies: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSettings:
    """Where and how the status of a pass may be asked.

    ``hosts``: ``host`` (any port) or ``host:port``, lower case; a URL elsewhere is never fetched,
    whatever a certificate says. ``crl_max_age``: an older CRL is fetched anew before it may show
    that a pass is good, so that a fresh revocation is seen. ``timeout_seconds`` bounds each fetch
    as a whole, ``size_limit`` (octets) its answer.
    """

    hosts: frozenset[str]
    crl_max_age: timedelta = timedelta(seconds=300)
    timeout_seconds: float = 5.0
    size_limit: int = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UziTrustSettings:
    """Everything that decides whether a pass is believed; certificates are DER."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    issuers: tuple[IssuingCa, ...]
    status: StatusSettings
    algorithms: frozenset[SignatureAlgorithm] = G3_ALGORITHMS
