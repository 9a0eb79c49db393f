"""Signers of OCSP answers: at once, or many in one turn; nothing wrong is kept, nobody waits on."""

import asyncio
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from pki.domain.algorithms import KeyType
from pki.domain.errors import SignatureBroken, SignerBusy, SignerUnavailable
from pki.keys.algorithms import PrivateKey, generate_private_key, verifies
from pki.keys.batched import BatchSigner
from pki.keys.checked import CheckedSigner
from pki.keys.prompt import SPOT_CHECK, SpotCheckedSigner
from pki.keys.soft import SoftSigner
from pki.ports import PromptSigner, QueueSigner, Signer

MESSAGE = b"what is to be signed"
P256 = generate_private_key(KeyType.P256)
RSA = generate_private_key(KeyType.RSA_2048)


class Faulty(SoftSigner):
    """Signs wrongly from some signature on."""

    def __init__(self, key: PrivateKey, sound: int = 0) -> None:
        super().__init__(key)
        self.sound = sound
        self.signed = 0

    def sign_now(self, message: bytes) -> bytes:
        self.signed += 1
        signature = super().sign_now(message)
        if self.signed <= self.sound:
            return signature
        return signature[:-1] + bytes([signature[-1] ^ 1])


def spot_checked(inner: SoftSigner) -> SpotCheckedSigner:
    assert isinstance(P256, EllipticCurvePrivateKey)
    signer = SpotCheckedSigner(P256)
    signer._inner = inner
    signer._checked = CheckedSigner(inner)
    return signer


async def test_signatures_at_once_are_verified_now_and_then_others_always() -> None:
    signer: PromptSigner = spot_checked(Faulty(P256, sound=1))
    assert isinstance(signer, PromptSigner)
    signer.sign_now(MESSAGE)
    for _ in range(SPOT_CHECK - 1):
        signer.sign_now(MESSAGE)
    with pytest.raises(SignatureBroken):
        signer.sign_now(MESSAGE)
    with pytest.raises(SignatureBroken):
        signer.sign_now(MESSAGE)
    with pytest.raises(SignatureBroken):
        await signer.sign(MESSAGE)


async def test_the_first_signature_at_once_is_verified() -> None:
    with pytest.raises(SignatureBroken):
        spot_checked(Faulty(P256)).sign_now(MESSAGE)


def test_only_what_need_not_be_waited_for_is_prompt() -> None:
    batched = BatchSigner(SoftSigner(RSA), threads=1, queue_limit=1, timeout_seconds=1)
    assert not isinstance(batched, PromptSigner)
    assert not isinstance(CheckedSigner(SoftSigner(P256)), PromptSigner)


@pytest.mark.parametrize("threads", [1, 2])
async def test_a_batch_signs_everything_each_for_its_own_caller(threads: int) -> None:
    signer = BatchSigner(SoftSigner(RSA), threads=threads, queue_limit=99, timeout_seconds=60)
    messages = [b"message %d" % number for number in range(40)]
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(signer.sign(message)) for message in messages]
    assert isinstance(RSA, RSAPrivateKey)
    public = RSA.public_key()
    for message, each in zip(messages, asked, strict=True):
        assert verifies(public, signer.algorithm, message, each.result())
    signer.close()
    with pytest.raises(SignerUnavailable):
        await signer.sign(b"late")


async def test_a_batch_withholds_the_wrong_one_and_gives_the_others() -> None:
    inner = Faulty(RSA, sound=3)
    signer = BatchSigner(inner, threads=1, queue_limit=99, timeout_seconds=60)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(outcome(signer)) for _ in range(5)]
    assert [each.result() for each in asked] == [bytes] * 3 + [SignatureBroken] * 2


async def outcome(signer: Signer) -> type:
    try:
        return type(await signer.sign(MESSAGE))
    except (SignatureBroken, SignerBusy, SignerUnavailable) as error:
        return type(error)


class Stuck(SoftSigner):
    """Signs when it is let."""

    def __init__(self) -> None:
        super().__init__(RSA)
        self.begun, self.let = threading.Event(), threading.Event()

    def sign_now(self, message: bytes) -> bytes:
        self.begun.set()
        self.let.wait(60)
        return super().sign_now(message)


async def test_a_batch_is_bounded_in_number_and_in_time() -> None:
    inner = Stuck()
    signer = BatchSigner(inner, threads=1, queue_limit=2, timeout_seconds=0.2)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(outcome(signer))
        await asyncio.to_thread(inner.begun.wait, 60)
        waiting = [tasks.create_task(outcome(signer)) for _ in range(3)]
        await asyncio.wait([first, *waiting])
        inner.let.set()
    assert [each.result() for each in (first, *waiting)] == [SignerBusy] * 4
    assert await outcome(BatchSigner(inner, threads=1, queue_limit=2, timeout_seconds=60)) is bytes


async def test_who_leaves_a_batch_takes_nobody_along() -> None:
    inner = Stuck()
    signer = BatchSigner(inner, threads=1, queue_limit=9, timeout_seconds=60)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(outcome(signer))
        await asyncio.to_thread(inner.begun.wait, 60)
        leaving, staying = (tasks.create_task(outcome(signer)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        inner.let.set()
    assert (first.result(), leaving.cancelled(), staying.result()) == (bytes, True, bytes)


async def test_a_key_that_raises_leaves_nobody_waiting() -> None:
    class Broken(SoftSigner):
        def sign_now(self, message: bytes) -> bytes:
            raise MemoryError

    signer = BatchSigner(Broken(RSA), threads=1, queue_limit=9, timeout_seconds=60)
    assert await outcome(signer) is SignerUnavailable


@pytest.mark.parametrize("bounds", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_batch_without_bounds_is_refused(bounds: tuple[int, int, float]) -> None:
    threads, limit, seconds = bounds
    with pytest.raises(ValueError, match="batch"):
        BatchSigner(SoftSigner(RSA), threads=threads, queue_limit=limit, timeout_seconds=seconds)


async def soon(signer: QueueSigner, count: int) -> list[bytes | None]:
    """What those get that do not wait themselves."""
    got: list[bytes | None] = []
    whole = asyncio.Event()

    def done(signature: bytes | None) -> None:
        got.append(signature)
        if len(got) == count:
            whole.set()

    assert all(signer.sign_soon(b"message %d" % number, done) for number in range(count))
    assert not got
    await whole.wait()
    return got


async def test_a_batch_tells_who_does_not_wait() -> None:
    signer = BatchSigner(SoftSigner(RSA), threads=1, queue_limit=99, timeout_seconds=60)
    assert isinstance(signer, QueueSigner)
    assert isinstance(RSA, RSAPrivateKey)
    public = RSA.public_key()
    for number, signature in enumerate(await soon(signer, 40)):
        assert signature is not None
        assert verifies(public, signer.algorithm, b"message %d" % number, signature)


async def test_a_batch_tells_when_there_is_no_signature() -> None:
    signer = BatchSigner(Faulty(RSA, sound=1), threads=1, queue_limit=99, timeout_seconds=60)
    assert [signature is None for signature in await soon(signer, 3)] == [False, True, True]
    signer.close()
    assert await soon(signer, 1) == [None]


async def test_a_full_batch_takes_no_more() -> None:
    signer = BatchSigner(SoftSigner(RSA), threads=1, queue_limit=2, timeout_seconds=60)
    told: list[bytes | None] = []
    assert [signer.sign_soon(MESSAGE, told.append) for _ in range(3)] == [True, True, False]
    assert await outcome(signer) is SignerBusy
