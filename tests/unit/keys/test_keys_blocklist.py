"""A list of keys that are known to others: found in it, not found, and a file that is no list."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from fixtures.signers import signer
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from pki.keys.blocklist import KeyBlocklist

RSA = signer(KeyType.RSA_2048, "blocklist").public_key
P256 = signer(KeyType.P256, "blocklist").public_key
EDWARDS = ed25519.Ed25519PrivateKey.generate().public_key()
ED25519 = EDWARDS.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
CHANCE = Random("keys")
OTHERS = sorted(CHANCE.randbytes(16) for _ in range(1000))


def record(public_key: bytes) -> bytes:
    """As badkeys/docs/BLOCKLISTFORMAT.md describes it, made anew from the key's numbers."""
    match load_der_public_key(public_key):
        case rsa.RSAPublicKey() as key:
            value = f"{key.public_numbers().n:x}"
        case ec.EllipticCurvePublicKey() as key:
            value = f"{key.public_numbers().x:x}"
        case _:
            value = EDWARDS.public_bytes_raw().hex().lstrip("0")
    octets = bytes.fromhex(value.zfill(len(value) + len(value) % 2))
    return hashlib.sha256(octets).digest()[:15] + b"\x07"


@pytest.mark.parametrize("key", [RSA, P256, ED25519], ids=["rsa", "p-256", "ed25519"])
@pytest.mark.parametrize("others", [OTHERS, OTHERS[:1], OTHERS[-1:], []], ids=len)
def test_a_listed_key_is_found_and_no_other(
    key: bytes, others: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"".join(sorted([*others, record(key), record(key)])))
    known = KeyBlocklist.open(path)
    assert known.lists(key)
    assert [known.lists(each) for each in (RSA, P256, ED25519) if each != key] == [False, False]
    assert known.entries == len(others) + 2
    assert known.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_list_of_strangers_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"".join(OTHERS))
    assert not KeyBlocklist.open(path).lists(RSA)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: b"", "cannot be read"),
        (lambda octets: octets[:-1], "16 octets"),
        (lambda octets: octets[16:] + octets[:16], "not sorted at record 999"),
    ],
    ids=["empty", "cut", "unsorted"],
)
def test_a_file_that_is_no_list_is_refused(
    spoil: Callable[[bytes], bytes], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "list"
    path.write_bytes(spoil(b"".join(OTHERS)))
    with pytest.raises(ConfigurationInvalid, match=says) as refused:
        KeyBlocklist.open(path)
    assert (refused.value.key, bool(refused.value.next_step)) == ("key_blocklist", True)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        KeyBlocklist.open(tmp_path / "none")
