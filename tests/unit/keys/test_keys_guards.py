"""The objects around a signer: nothing wrong gets out, nothing piles up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, KeyMismatch, SignatureBroken, SignerBusy
from pki.keys.algorithms import generate_private_key
from pki.keys.checked import CheckedSigner, require_same_key
from pki.keys.pool import PooledSigner
from pki.keys.soft import SoftSigner
from pki.ports import Signer

MESSAGE = b"what is to be signed"
P256 = generate_private_key(KeyType.P256)


class FlippingSigner:
    """A key store with a fault: flips one bit of the signature, or cuts it."""

    def __init__(self, inner: Signer, *, cut: bool = False) -> None:
        self._inner = inner
        self._cut = cut

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self._inner.public_key

    async def sign(self, message: bytes) -> bytes:
        signature = await self._inner.sign(message)
        if self._cut:
            return signature[:-1]
        return signature[:-1] + bytes([signature[-1] ^ 1])


class GatedSigner(SoftSigner):
    """Signs only once ``gate`` is open; remembers how many were inside at once."""

    def __init__(self) -> None:
        super().__init__(P256)
        self.gate = asyncio.Event()
        self.inside = 0
        self.most = 0

    async def sign(self, message: bytes) -> bytes:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.gate.wait()
            return await super().sign(message)
        finally:
            self.inside -= 1


@pytest.mark.parametrize("kind", [KeyType.RSA_2048, KeyType.P256, KeyType.P384, KeyType.ED25519])
@pytest.mark.parametrize("cut", [False, True])
async def test_a_flipped_or_cut_signature_is_withheld(kind: KeyType, cut: bool) -> None:
    signer = SoftSigner(generate_private_key(kind))
    assert await CheckedSigner(signer).sign(MESSAGE)
    with pytest.raises(SignatureBroken):
        await CheckedSigner(FlippingSigner(signer, cut=cut)).sign(MESSAGE)


class Lying(FlippingSigner):
    def __init__(self, inner: Signer, public_key: bytes, algorithm: SignatureAlgorithm) -> None:
        super().__init__(inner)
        self._claims = (public_key, algorithm)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._claims[1]

    @property
    def public_key(self) -> bytes:
        return self._claims[0]


async def test_a_signature_by_another_key_is_withheld() -> None:
    signer = SoftSigner(P256)
    other = SoftSigner(generate_private_key(KeyType.P256))
    lying = Lying(signer, other.public_key, SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(SignatureBroken):
        await CheckedSigner(lying).sign(MESSAGE)


def test_an_unreadable_public_key_or_foreign_algorithm_is_refused_at_once() -> None:
    signer = SoftSigner(P256)
    with pytest.raises(ConfigurationInvalid):
        CheckedSigner(Lying(signer, b"no key", SignatureAlgorithm.ECDSA_SHA256))
    with pytest.raises(ConfigurationInvalid):
        CheckedSigner(Lying(signer, signer.public_key, SignatureAlgorithm.SHA256_RSA))


def certificate_for(key: object) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    issuer = generate_private_key(KeyType.P256)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key,  # type: ignore[arg-type]  # every kind that `algorithms` makes
        serial_number=1,
        not_valid_before=start,
        not_valid_after=start + timedelta(days=1),
    )
    return builder.sign(issuer, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_certificate_must_certify_the_signers_key() -> None:
    signer = SoftSigner(P256)
    require_same_key(signer, certificate_for(P256.public_key()))
    other = generate_private_key(KeyType.P256).public_key()
    with pytest.raises(KeyMismatch):
        require_same_key(signer, certificate_for(other))
    with pytest.raises(KeyMismatch):
        require_same_key(signer, b"no certificate")


async def test_the_pool_bounds_how_many_sign_and_how_many_wait() -> None:
    inner = GatedSigner()
    pool = PooledSigner(inner, concurrency=2, queue_limit=3, timeout_seconds=60)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(pool.sign(MESSAGE)) for _ in range(5)]
        await asyncio.sleep(0)
        assert pool.pending == 5
        with pytest.raises(SignerBusy):
            await pool.sign(MESSAGE)
        inner.gate.set()
    assert all(task.result() for task in tasks)
    assert (inner.most, pool.pending) == (2, 0)
    assert await pool.sign(MESSAGE)


async def test_a_slow_signature_ends_in_signer_busy_and_frees_its_place() -> None:
    inner = GatedSigner()
    pool = PooledSigner(inner, concurrency=1, queue_limit=0, timeout_seconds=0.01)
    with pytest.raises(SignerBusy):
        await pool.sign(MESSAGE)
    inner.gate.set()
    assert await pool.sign(MESSAGE)


async def test_waiting_counts_against_the_time_limit() -> None:
    inner = GatedSigner()
    pool = PooledSigner(inner, concurrency=1, queue_limit=1, timeout_seconds=0.01)
    results: list[str] = []

    async def attempt() -> None:
        try:
            await pool.sign(MESSAGE)
        except SignerBusy:
            results.append("busy")

    async with asyncio.TaskGroup() as group:
        group.create_task(attempt())
        group.create_task(attempt())
    assert (results, pool.pending) == (["busy", "busy"], 0)


async def test_a_failure_passes_through_and_frees_its_place() -> None:
    broken = CheckedSigner(FlippingSigner(SoftSigner(P256)))
    pool = PooledSigner(broken, concurrency=1, queue_limit=0, timeout_seconds=60)
    for _ in range(3):
        with pytest.raises(SignatureBroken):
            await pool.sign(MESSAGE)
    assert pool.public_key == broken.public_key
    assert pool.algorithm is broken.algorithm


@pytest.mark.parametrize(
    ("concurrency", "queue_limit", "timeout"), [(0, 1, 1.0), (1, -1, 1.0), (1, 1, 0.0)]
)
def test_a_pool_without_bounds_cannot_be_made(
    concurrency: int, queue_limit: int, timeout: float
) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        PooledSigner(
            SoftSigner(P256),
            concurrency=concurrency,
            queue_limit=queue_limit,
            timeout_seconds=timeout,
        )
