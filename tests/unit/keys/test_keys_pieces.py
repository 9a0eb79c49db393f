"""Messages of many megabytes are signed in pieces, as if they were joined."""

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import SignatureBroken
from pki.keys.algorithms import PublicKey, algorithm_for, generate_private_key, verifies
from pki.keys.checked import CheckedSigner
from pki.keys.pkcs11.mechanisms import operation, wanted
from pki.keys.pool import PooledSigner
from pki.keys.soft import SoftSigner
from pki.ports import PieceSigner, Signer, sign_pieces
from status_side.small_pki import PlainSigner, new_key

PIECES = (b"head", b"", b"body" * 5000, b"tail")
MESSAGE = b"".join(PIECES)
KINDS = (KeyType.RSA_2048, KeyType.P256, KeyType.P384, KeyType.ED25519)


def bounded(inner: Signer) -> PooledSigner:
    return PooledSigner(CheckedSigner(inner), concurrency=1, queue_limit=1, timeout_seconds=60)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        *((kind, algorithm_for(kind)) for kind in KINDS),
        (KeyType.RSA_2048, SignatureAlgorithm.SHA384_RSA_PSS),
    ],
)
async def test_pieces_are_signed_as_the_whole(kind: KeyType, algorithm: SignatureAlgorithm) -> None:
    soft = SoftSigner(generate_private_key(kind), algorithm)
    key = load_der_public_key(soft.public_key)
    assert isinstance(key, PublicKey)
    for signer in (soft, CheckedSigner(soft), bounded(soft)):
        assert isinstance(signer, PieceSigner)
        signature = await sign_pieces(signer, PIECES)
        assert verifies(key, algorithm, MESSAGE, signature)
        assert not verifies(key, algorithm, MESSAGE + b"!", signature)


async def test_who_knows_no_pieces_is_given_the_whole() -> None:
    plain = PlainSigner(new_key("plain"))
    assert not isinstance(plain, PieceSigner)
    key = load_der_public_key(plain.public_key)
    assert isinstance(key, PublicKey)
    assert verifies(key, plain.algorithm, MESSAGE, await sign_pieces(bounded(plain), PIECES))


class Other(PlainSigner):
    """Signs with another key than it says."""

    @property
    def public_key(self) -> bytes:
        return PlainSigner(new_key("plain")).public_key


async def test_what_does_not_verify_is_withheld() -> None:
    with pytest.raises(SignatureBroken):
        await sign_pieces(bounded(Other(new_key("other"))), PIECES)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_a_token_is_given_the_same(algorithm: SignatureAlgorithm) -> None:
    for mechanism in wanted(algorithm):
        whole = operation(algorithm, mechanism, MESSAGE)
        assert operation(algorithm, mechanism, *PIECES) == whole
        assert operation(algorithm, mechanism, MESSAGE + b"!") != whole
