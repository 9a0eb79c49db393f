"""Statements of Dezi, made by hand, and what they are held against."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.domain.identity.errors import StatementRejected
from pki.domain.identity.record import Identity
from pki.trust.dezi.statement import DeziTrust, DeziTrustSettings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SCHEMA = "https://www.dezi.nl/json_schemas/v1/verklaring.json"
CLAIMS: dict[str, Any] = {
    "jti": "f1",
    "iss": "https://abonnee.dezi.nl",
    "exp": int((NOW + HOUR).timestamp()),
    "nbf": int((NOW - HOUR).timestamp()),
    "json_schema": SCHEMA,
    "loa_dezi": "http://eidas.europe.eu/LoA/high",
    "verklaring_id": "v1",
    "dezi_nummer": "900000101",
    "voorletters": "A.B.",
    "voorvoegsel": "van der",
    "achternaam": "Zórgmedewerker",
    "abonnee_nummer": "90000382",
    "abonnee_naam": "Zorgaanbieder",
    "rol_code": "92.000",
    "rol_naam": "Mondhygiënist",
    "rol_code_bron": "http://www.dezi.nl/rol_bron/big",
    "status_uri": "https://auth.dezi.nl/status/v1/verklaring/v1",
}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(which: str = "Dezi's") -> ec.EllipticCurvePrivateKey:
    del which
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> bytes:
    public: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public


def b64(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def settings(**changed: Any) -> DeziTrustSettings:
    usual = DeziTrustSettings(
        issuer="https://abonnee.dezi.nl",
        keys=(pem(ec_key()),),
        algorithms=frozenset({"ES256"}),
        json_schema=SCHEMA,
        audience=None,
        skew=timedelta(seconds=60),
    )
    return replace(usual, **changed)


def rsa_settings() -> DeziTrustSettings:
    return settings(keys=(pem(rsa_key()),), algorithms=frozenset({"RS256"}))


def signature(key: Key, octets: bytes) -> bytes:
    """RS256 or ES256 (RFC 7518 3.3, 3.4), made without the library that verifies it."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed(payload: bytes, header: dict[str, Any] | bytes, key: Key) -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    octets = b64(head) + b"." + b64(payload)
    return octets + b"." + b64(signature(key, octets))


def statement(
    *, key: Key | None = None, header: dict[str, Any] | None = None, **changed: Any
) -> bytes:
    used = key or ec_key()
    algorithm = "RS256" if isinstance(used, rsa.RSAPrivateKey) else "ES256"
    usual = {"alg": algorithm, "typ": "JWT", "kid": "1", "jku": "https://dezi.example/jwks"}
    payload = json.dumps(CLAIMS | changed, ensure_ascii=False).encode()
    return signed(payload, usual | (header or {}), used)


async def identify(
    text: bytes, using: DeziTrustSettings | None = None, at: datetime = NOW
) -> Identity:
    return await DeziTrust(using or settings()).identify(text, at)


async def rule(text: bytes, using: DeziTrustSettings | None = None, at: datetime = NOW) -> str:
    with pytest.raises(StatementRejected) as caught:
        await identify(text, using, at)
    said = caught.value.message + caught.value.next_step
    assert "900000101" not in said
    assert "Zórgmedewerker" not in said
    return caught.value.rule
