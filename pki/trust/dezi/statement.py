"""Dezi as a source of identity: verifies a statement and says whose it is (docs/people.md)."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError

from pki.domain.identifiers import Ura
from pki.domain.identity.record import Identity, Means
from pki.domain.people import PersonName
from pki.trust.dezi.claims import Claims, read_claims, read_object, rejected
from pki.trust.dezi.keys import SigningKey, read_key, unusable

SIZE_MAX: Final = 16 * 1024
"""Octets of the longest statement that is read; genuine ones have some 1,500."""

_COMPACT: Final = re.compile(rb"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

# The specification and the test environment spell the host differently; both mean high.
_HIGH: Final = frozenset({"http://eidas.europa.eu/LoA/high", "http://eidas.europe.eu/LoA/high"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeziTrustSettings:
    """Which statements are believed. ``keys`` are public keys or certificates in PEM.

    ``audience``: whom statements must be for; None: they must not say. ``skew`` is how far clocks
    may differ.
    """

    issuer: str
    keys: tuple[bytes, ...]
    algorithms: frozenset[str]
    json_schema: str
    audience: str | None
    skew: timedelta


class DeziTrust:
    """Verifies statements with the configured keys and algorithms alone.

    Nothing in a statement's header chooses a key: `kid`, `jku`, `jwk`, `x5u` and `x5c` are not
    looked at. The algorithm must be allowed, and of the key's own type (RFC 8725 3.1, 3.2).
    Whether Dezi has withdrawn a statement since (`status_uri`) is not asked.
    """

    __slots__ = ("_keys", "_settings")

    def __init__(self, settings: DeziTrustSettings) -> None:
        """Read the keys.

        Raises:
            ConfigurationInvalid: a key cannot be used, or keys and algorithms do not fit.
        """
        self._settings = settings
        self._keys = tuple(
            (key, fitting & settings.algorithms) for key, fitting in map(read_key, settings.keys)
        )
        if not self._keys:
            raise unusable("keys", "at least one is needed")
        if not all(algorithms for _, algorithms in self._keys):
            raise unusable("algorithms", "one of dezi.keys fits none of them")
        if settings.algorithms != frozenset().union(*(each for _, each in self._keys)):
            raise unusable("algorithms", "one of them fits none of dezi.keys")

    async def identify(self, evidence: bytes, at: datetime, /) -> Identity:
        """Verify a statement in compact form (RFC 7515 3.1) at the moment ``at``.

        Raises:
            StatementRejected: with the rule it breaks.
        """
        claims = read_claims(self._payload(evidence))
        self._require_meant(claims)
        self._require_time(claims, at)
        return _identity(claims, evidence)

    def _payload(self, statement: bytes) -> bytes:
        algorithm = _algorithm(statement)
        keys = [key for key, algorithms in self._keys if algorithm in algorithms]
        if not keys:
            raise rejected("algorithm", "its algorithm is not among those of the keys")
        for key in keys:
            payload = _verified(statement, key, algorithm)
            if payload is not None:
                return payload
        raise rejected("signature", "none of the configured keys signed it")

    def _require_meant(self, claims: Claims) -> None:
        settings = self._settings
        if claims.iss != settings.issuer:
            raise rejected("issuer", "it is of another issuer")
        if settings.audience is None and claims.aud is not None:
            raise rejected("audience", "it is for somebody, and dezi.audience says nobody")
        if settings.audience is not None and settings.audience not in claims.audiences:
            raise rejected("audience", "it is not for this system")
        if claims.json_schema != settings.json_schema:
            raise rejected("schema", "its json_schema is another")
        if claims.loa_dezi not in _HIGH:
            raise rejected("loa", "its level of assurance is not high")

    def _require_time(self, claims: Claims, at: datetime) -> None:
        now, skew = at.timestamp(), self._settings.skew.total_seconds()
        if claims.exp - claims.nbf <= 0:
            raise rejected("time", "it ends before it begins")
        if now + skew < claims.nbf:
            raise rejected("not-yet-valid", "it is not valid yet")
        if now - skew >= claims.exp:
            raise rejected("expired", "it has expired")


def _algorithm(statement: bytes) -> str:
    if len(statement) > SIZE_MAX:
        raise rejected("size", f"it is longer than {SIZE_MAX} octets")
    parts = _COMPACT.fullmatch(statement)
    if parts is None:
        raise rejected("form", "it is no JWS in compact form")
    segment = parts[1]
    try:
        header = read_object(
            base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)), "header"
        )
    except ValueError:
        raise rejected("form", "its header is no base64url") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise rejected("algorithm", "it names no algorithm")
    if "crit" in header:
        raise rejected("crit", "it demands an extension that is not known here")
    return algorithm


def _verified(statement: bytes, key: SigningKey, algorithm: str) -> bytes | None:
    """The payload as signed; None when the key did not sign it."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = SIZE_MAX
    try:
        return jws.deserialize_compact(statement, key, registry=registry).payload
    except (JoseError, ValueError):
        return None


def _identity(claims: Claims, statement: bytes) -> Identity:
    surname = (
        f"{claims.voorvoegsel} {claims.achternaam}" if claims.voorvoegsel else claims.achternaam
    )
    return Identity(
        means=Means.DEZI,
        number=claims.dezi_nummer,
        name=PersonName(
            surname=surname,
            given_names=claims.voorletters,
            common_name=f"{claims.voorletters} {surname}",
        ),
        organisation=Ura(claims.abonnee_nummer),
        organisation_name=claims.abonnee_naam,
        role=claims.rol_code,
        evidence_sha256=hashlib.sha256(statement).digest(),
        not_after=datetime.fromtimestamp(claims.exp, UTC),
    )
