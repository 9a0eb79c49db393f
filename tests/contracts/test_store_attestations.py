"""Proofs of where a key was made: kept with their certificate, once."""

import pytest

from pki.domain.errors import Conflict, ZorgidError
from pki.domain.evidence.attestation import Attestation
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import serial
from stores.steps import issue

PROOF = Attestation(serial=serial(1), chain=(b"proof", b"card", b"maker"))


async def test_a_proof_is_read_as_it_was_kept(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1)
    await issue(store, 2)
    await store.write(lambda session: session.put_attestation(PROOF))
    assert await read_store.read(lambda session: session.attestation_of(serial(1))) == PROOF
    assert await read_store.read(lambda session: session.attestation_of(serial(2))) is None


async def test_the_first_proof_stays(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1)
    await store.write(lambda session: session.put_attestation(PROOF))
    other = Attestation(serial=serial(1), chain=(b"another",))
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_attestation(other))
    assert await read_store.read(lambda session: session.attestation_of(serial(1))) == PROOF


async def test_a_proof_goes_with_a_certificate(store: Store, read_store: ReadStore) -> None:
    with pytest.raises(ZorgidError):
        await store.write(lambda session: session.put_attestation(PROOF))
    assert await read_store.read(lambda session: session.attestation_of(serial(1))) is None
