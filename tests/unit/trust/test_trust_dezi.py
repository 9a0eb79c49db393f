"""Statements of Dezi: whose signature counts, by which key and algorithm."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from made.dezi import (
    CLAIMS,
    HOUR,
    NOW,
    Key,
    b64,
    ec_key,
    identify,
    pem,
    rsa_key,
    rsa_settings,
    rule,
    settings,
    statement,
)
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identity.record import Means
from pki.trust.dezi.keys import ALGORITHMS
from pki.trust.dezi.statement import DeziTrust


async def test_a_good_statement_gives_the_person() -> None:
    text = statement()
    found = await identify(text)
    assert (found.means, found.number, found.role) == (Means.DEZI, "900000101", "92.000")
    assert found.name.surname == "van der Zórgmedewerker"
    assert found.name.given_names == "A.B."
    assert found.name.common_name == "A.B. van der Zórgmedewerker"
    assert (found.organisation.value, found.organisation_name) == ("90000382", "Zorgaanbieder")
    assert found.evidence_sha256 == hashlib.sha256(text).digest()
    assert found.not_after == NOW + HOUR


@pytest.mark.parametrize("prefix", [None, ""])
async def test_a_name_without_prefix(prefix: str | None) -> None:
    assert (await identify(statement(voorvoegsel=prefix))).name.surname == "Zórgmedewerker"


async def test_rsa_and_both_spellings_of_high() -> None:
    text = statement(key=rsa_key(), loa_dezi="http://eidas.europa.eu/LoA/high")
    assert (await identify(text, rsa_settings())).number == "900000101"


async def test_each_of_several_keys_is_tried() -> None:
    using = settings(keys=(pem(ec_key("next")), pem(ec_key())))
    assert (await identify(statement(), using)).number == "900000101"


async def test_a_certificate_is_a_key_too() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dezi")])
    certificate = (
        x509.CertificateBuilder(name, name, ec_key().public_key(), 1)
        .not_valid_before(NOW - HOUR)
        .not_valid_after(NOW + HOUR)
        .sign(ec_key(), hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    assert (await identify(statement(), settings(keys=(certificate,)))).number == "900000101"
    with pytest.raises(ConfigurationInvalid, match="more than one"):
        DeziTrust(settings(keys=(certificate * 2,)))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
async def test_unsigned_is_not_believed(name: str) -> None:
    payload = b64(json.dumps(CLAIMS).encode())
    head = b64(json.dumps({"alg": name}).encode())
    assert await rule(head + b"." + payload + b".") == "form"
    assert await rule(head + b"." + payload + b".AA") == "algorithm"
    assert await rule(statement(header={"alg": name})) == "algorithm"


def der(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("secret", [pem, lambda key: pem(key).strip(), der])
@pytest.mark.parametrize("key", [rsa_key, ec_key])
async def test_the_public_key_is_no_shared_secret(
    key: Callable[[], Key], secret: Callable[[Key], bytes]
) -> None:
    head = b64(json.dumps({"alg": "HS256"}).encode())
    octets = head + b"." + b64(json.dumps(CLAIMS).encode())
    mac = hmac.digest(secret(key()), octets, "sha256")
    using = rsa_settings() if key is rsa_key else settings()
    assert await rule(octets + b"." + b64(mac), using) == "algorithm"


@pytest.mark.parametrize("algorithm", ["PS256", "RS512", "ES384", "EdDSA", "HS256", "", 7, None])
async def test_only_the_allowed_algorithms(algorithm: object) -> None:
    text = statement(key=rsa_key(), header={"alg": algorithm})
    assert await rule(text, rsa_settings()) == "algorithm"


async def test_an_algorithm_is_of_the_keys_own_type() -> None:
    both = settings(keys=(pem(ec_key()), pem(rsa_key())), algorithms=frozenset({"ES256", "RS256"}))
    assert await rule(statement(header={"alg": "RS256"}), both) == "signature"
    assert await rule(statement(key=rsa_key(), header={"alg": "ES256"}), both) == "signature"


@pytest.mark.parametrize(
    "kid", ["2", "../../dev/null", "' OR 1=1 --", "/etc/passwd\x00", "https://evil.example", "", 7]
)
async def test_kid_and_jku_choose_no_key(kid: object) -> None:
    evil = {"kid": kid, "jku": "https://evil.example/jwks", "x5u": "https://evil.example/c"}
    assert await rule(statement(key=ec_key("evil"), header=evil)) == "signature"
    if isinstance(kid, str):
        assert (await identify(statement(header=evil))).number == "900000101"


async def test_keys_inside_the_header_are_not_looked_at() -> None:
    evil = ec_key("evil")
    numbers = evil.public_key().public_numbers()
    inside = {
        "jwk": {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")).decode(),
            "y": b64(numbers.y.to_bytes(32, "big")).decode(),
        },
        "x5c": [base64.b64encode(der(evil)).decode() * 5],
    }
    assert await rule(statement(key=evil, header=inside)) == "signature"
    assert (await identify(statement(header=inside))).number == "900000101"


@pytest.mark.parametrize("names", [["b64"], ["exp"], [], "b64", None])
async def test_demanded_extensions_are_not_known(names: object) -> None:
    assert await rule(statement(header={"crit": names, "b64": False})) == "crit"


async def test_altered_payload_header_or_signature() -> None:
    head, payload, mark = statement().split(b".")
    other = b64(json.dumps(CLAIMS | {"dezi_nummer": "900000102"}).encode())
    assert await rule(b".".join((head, other, mark))) == "signature"
    kid = b64(json.dumps({"alg": "ES256", "kid": "2"}).encode())
    assert await rule(b".".join((kid, payload, mark))) == "signature"
    flipped = (b"B" if mark[:1] == b"A" else b"A") + mark[1:]
    assert await rule(b".".join((head, payload, flipped))) == "signature"
    assert await rule(b".".join((head, payload, b64(bytes(64))))) == "signature"
    assert await rule(b".".join((head, payload, mark[:-4]))) == "signature"


def public_of(key: Any) -> tuple[bytes, ...]:
    return (pem(key),)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"keys": ()}, "dezi.keys"),
        ({"keys": (b"",)}, "dezi.keys"),
        ({"keys": (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",)}, "dezi.keys"),
        ({"keys": public_of(ed25519.Ed25519PrivateKey.generate())}, "dezi.keys"),
        ({"keys": public_of(ec.generate_private_key(ec.SECP521R1()))}, "dezi.keys"),
        ({"keys": public_of(rsa.generate_private_key(65537, 1024))}, "dezi.keys"),  # noqa: S505 -- must be refused
        ({"algorithms": frozenset({"RS256"})}, "dezi.algorithms"),
        ({"algorithms": frozenset({"ES256", "RS256"})}, "dezi.algorithms"),
        ({"algorithms": frozenset({"ES384"})}, "dezi.algorithms"),
        ({"algorithms": frozenset({"none"})}, "dezi.algorithms"),
        ({"algorithms": frozenset({"HS256"})}, "dezi.algorithms"),
        ({"algorithms": frozenset()}, "dezi.algorithms"),
    ],
)
def test_half_configured_says_what_to_correct(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        DeziTrust(settings(**changed))
    assert caught.value.key == named
    assert named in caught.value.next_step


def test_no_algorithm_has_a_shared_secret() -> None:
    assert not any(name.startswith("HS") or name.lower() == "none" for name in ALGORITHMS)
