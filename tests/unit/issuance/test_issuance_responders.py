"""OCSP responder certificates: nothing is signed that the journal does not know."""

import pytest

from fakes.issuance import Surroundings, fake_request
from fakes.issuance_store import ISSUER
from issuance.steps.responders import certify_responder, enrol_responder
from pki.domain.errors import Forbidden, KeyRejected, SignerBusy, StoreUnavailable
from pki.domain.events import ResponderCertified, ResponderIntended
from pki.domain.people import SYSTEM, Role


async def test_the_journal_knows_the_serial_before_it_is_signed(around: Surroundings) -> None:
    store = around.store
    known: list[int] = []
    around.authority.before_sign = lambda: known.append(len(store.events(ResponderIntended)))
    certificate = await certify_responder(around.desk, ISSUER, b"key", SYSTEM)
    assert known == [1]
    (intended,), (certified,) = store.events(ResponderIntended), store.events(ResponderCertified)
    assert isinstance(intended.event, ResponderIntended)
    assert isinstance(certified.event, ResponderCertified)
    assert intended.event.serial == certified.event.serial
    assert intended.event.serial.to_bytes() in certificate


async def test_without_a_store_nothing_is_signed(around: Surroundings) -> None:
    def gone() -> None:
        raise StoreUnavailable(message="disk full")

    around.store.before_commit = gone
    with pytest.raises(StoreUnavailable):
        await certify_responder(around.desk, ISSUER, b"key", SYSTEM)
    assert not around.authority.signed


async def test_a_signature_that_fails_leaves_its_serial_behind(around: Surroundings) -> None:
    def busy() -> None:
        raise SignerBusy(message="busy")

    around.authority.before_sign = busy
    with pytest.raises(SignerBusy):
        await certify_responder(around.desk, ISSUER, b"key", SYSTEM)
    assert len(around.store.events(ResponderIntended)) == 1
    assert not around.store.events(ResponderCertified)


async def test_only_a_status_node_that_holds_its_key_is_certified(around: Surroundings) -> None:
    team = around.operator(Role.ZORGID_TEAM, None)
    node = around.operator(Role.STATUS_NODE, None)
    with pytest.raises(Forbidden):
        await enrol_responder(around.desk, team, ISSUER, fake_request(b"key"))
    with pytest.raises(KeyRejected):
        await enrol_responder(around.desk, node, ISSUER, fake_request(b"unproven"))
    assert not around.store.events(ResponderIntended)
    assert await enrol_responder(around.desk, node, ISSUER, fake_request(b"key"))
