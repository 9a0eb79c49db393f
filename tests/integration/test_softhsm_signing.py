"""Keys in SoftHSM2: every algorithm, many at once, and what a ceremony may and may not do."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, Conflict, NotFound
from pki.keys.algorithms import generate_private_key, key_type_of
from pki.keys.checked import CheckedSigner
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.trust.signatures import verify_signature
from strangers.module_process import module_processes
from strangers.softhsm import SoftHsm

pytestmark = [pytest.mark.softhsm, pytest.mark.filterwarnings("error")]

A = SignatureAlgorithm
ALGORITHMS = {
    KeyType.RSA_2048: [
        *(A.SHA256_RSA, A.SHA384_RSA, A.SHA512_RSA),
        *(A.SHA256_RSA_PSS, A.SHA384_RSA_PSS, A.SHA512_RSA_PSS),
    ],
    KeyType.RSA_3072: [A.SHA256_RSA],
    KeyType.P256: [A.ECDSA_SHA256],
    KeyType.P384: [A.ECDSA_SHA384],
    KeyType.ED25519: [A.ED25519],
}


def named(number: int, label: str) -> KeyName:
    return KeyName(token="ca", key_id=number.to_bytes(2, "big"), label=label)


@pytest.fixture(scope="session")
def made() -> dict[str, KeyName]:
    return {}


def key_of(kind: KeyType, module: Pkcs11Module, made: dict[str, KeyName]) -> KeyName:
    if kind.value not in made:
        key = named(0x100 + len(made), f"signs {kind.value}")
        ceremony.generate(module, key, kind)
        made[kind.value] = key
    return made[kind.value]


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [(kind, each) for kind, several in ALGORITHMS.items() for each in several],
)
async def test_every_algorithm_verifies(
    hsm_module: Pkcs11Module, made: dict[str, KeyName], kind: KeyType, algorithm: A
) -> None:
    signer = Pkcs11Signer.open(hsm_module, key_of(kind, hsm_module, made), algorithm)
    assert key_type_of(load_der_public_key(signer.public_key)) is kind
    message = b"what is to be signed " * 50
    signature = await CheckedSigner(signer).sign(message)
    assert verify_signature(signer.public_key, algorithm, message, signature)
    assert not verify_signature(signer.public_key, algorithm, message + b"!", signature)


async def test_many_at_once_from_two_event_loops(
    hsm_module: Pkcs11Module, made: dict[str, KeyName]
) -> None:
    """More than one thread in the module at once would crash its process."""
    signer = CheckedSigner(Pkcs11Signer.open(hsm_module, key_of(KeyType.P256, hsm_module, made)))

    async def some(count: int) -> set[bytes]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(signer.sign(b"%d" % each)) for each in range(count)]
        return {task.result() for task in tasks}

    elsewhere = asyncio.to_thread(lambda: asyncio.run(some(150)))
    here, there = await some(150), await elsewhere
    assert len(here) == len(there) == 150


async def test_a_cancelled_call_is_never_made(
    hsm_module: Pkcs11Module, made: dict[str, KeyName]
) -> None:
    signer = Pkcs11Signer.open(hsm_module, key_of(KeyType.RSA_2048, hsm_module, made))
    before = hsm_module.statistics.signatures
    processes = module_processes()
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {group.create_task(signer.sign(b"x")) for _ in range(40)}
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)
    await signer.sign(b"y")
    assert hsm_module.statistics.signatures - before == 1
    assert all(task.cancelled() for task in tasks)


def test_a_key_made_by_ceremony_cannot_leave(hsm_module: Pkcs11Module) -> None:
    key = named(0x201, "stays")
    ceremony.generate(hsm_module, key, KeyType.P256)
    found = [each for each in ceremony.inventory(hsm_module, "ca") if each.key_id == key.key_id]
    private, public = found
    assert (private.kind, public.kind) == ("private_key", "public_key")
    assert private.attributes == {
        "sensitive": True,
        "extractable": False,
        "always_sensitive": True,
        "never_extractable": True,
        "local": True,
        "sign": True,
        "decrypt": False,
        "unwrap": False,
        "derive": False,
    }


@pytest.mark.parametrize(
    ("number", "label"), [(0x301, "another"), (0x302, "taken"), (0x301, "taken")]
)
def test_an_existing_id_or_label_is_refused(
    hsm_module: Pkcs11Module, number: int, label: str
) -> None:
    if not any(each.label == "taken" for each in ceremony.inventory(hsm_module, "ca")):
        ceremony.generate(hsm_module, named(0x301, "taken"), KeyType.P256)
    before = ceremony.inventory(hsm_module, "ca")
    with pytest.raises(Conflict, match="already holds"):
        ceremony.generate(hsm_module, named(number, label), KeyType.P256)
    assert ceremony.inventory(hsm_module, "ca") == before


def test_a_destroyed_key_is_gone(hsm_module: Pkcs11Module) -> None:
    key = named(0x401, "to destroy")
    before = ceremony.inventory(hsm_module, "ca")
    ceremony.generate(hsm_module, key, KeyType.P256)
    assert len(ceremony.inventory(hsm_module, "ca")) == len(before) + 2
    ceremony.destroy(hsm_module, key)
    assert ceremony.inventory(hsm_module, "ca") == before
    with pytest.raises(NotFound):
        ceremony.destroy(hsm_module, key)
    with pytest.raises(ConfigurationInvalid, match="no such key"):
        Pkcs11Signer.open(hsm_module, key)


def test_a_key_that_is_not_there_is_named(hsm_module: Pkcs11Module) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"ca/0999.*no such key"):
        Pkcs11Signer.open(hsm_module, named(0x999, "nobody"))


def test_an_id_that_two_keys_share_is_refused(
    hsm_module: Pkcs11Module, softhsm: SoftHsm, tmp_path: Path
) -> None:
    for label in ("twin one", "twin two"):
        pkcs8 = tmp_path / f"{label}.pem"
        key = generate_private_key(KeyType.P256)
        pkcs8.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        softhsm.run(
            *("--import", str(pkcs8), "--token", "ca", "--pin", "492817", "--force"),
            *("--id", "0501", "--label", label),
        )
    with pytest.raises(ConfigurationInvalid, match="several"):
        Pkcs11Signer.open(hsm_module, KeyName(token="ca", key_id=b"\x05\x01"))
    assert Pkcs11Signer.open(hsm_module, named(0x501, "twin two")).algorithm is A.ECDSA_SHA256


def test_an_algorithm_of_another_kind_of_key_is_refused(
    hsm_module: Pkcs11Module, made: dict[str, KeyName]
) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot sign with"):
        Pkcs11Signer.open(hsm_module, key_of(KeyType.P256, hsm_module, made), A.SHA256_RSA)


async def test_the_loop_goes_on_while_the_token_works(
    hsm_module: Pkcs11Module, made: dict[str, KeyName]
) -> None:
    """A long call takes the module's thread, and nobody else's."""
    signer = Pkcs11Signer.open(hsm_module, key_of(KeyType.P256, hsm_module, made))
    processes = module_processes()
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(signer.sign(b"takes long"))
            for _ in range(5):
                await asyncio.sleep(0.005)
            assert hsm_module.pending == 1
            assert not task.done()
            for each in processes:
                os.kill(each, signal.SIGCONT)
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)
    assert verify_signature(signer.public_key, signer.algorithm, b"takes long", task.result())
