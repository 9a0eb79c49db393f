"""A block never waits for a CRL: not for its signature, and not for its rows."""

import asyncio

from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.service import CrlService
from pki.der.crl import read_crl
from pki.domain.status import OnHold, Revoked
from pki.store.reading import ReadStore
from pki.store.writing import Store
from pki.trust.signatures import verify_signature
from server.roles.write_ports import StoreCrls
from status_side.small_pki import PlainSigner, PracticeCa, new_key
from stores.samples import ISSUER, NOON, SetClock, serial
from stores.steps import change, issue, status

CA = PracticeCa("Token CA", new_key("ca"))


class SlowSigner(PlainSigner):
    """Signs when it is let."""

    def __init__(self) -> None:
        super().__init__(CA.key)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def sign(self, message: bytes) -> bytes:
        self.asked.set()
        await self.let.wait()
        return await super().sign(message)


async def test_a_block_is_committed_while_a_crl_is_being_signed(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await issue(store, 1, 2)
    await change(store, 2, Revoked(at=NOON, reason=None))
    signer = SlowSigner()
    service = CrlService(
        CrlIssuer.of(ISSUER, CA.certificate),
        signer,
        StoreCrls(read_store, store),
        verify=verify_signature,
        clock=store_clock,
        policy=CrlPolicy(),
    )
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(service.publish_next())
        await signer.asked.wait()
        await change(store, 1, OnHold(since=NOON))
        assert await status(read_store, 1) == OnHold(since=NOON)
        assert not first.done()
        signer.let.set()
    assert set(read_crl(first.result().whole.der).entries) == {serial(2).value}
    second = (await service.publish_next(from_rows=False)).whole
    assert set(read_crl(second.der).entries) == {serial(1).value, serial(2).value}
    held = await read_store.read(lambda session: session.latest_crl(ISSUER))
    assert held == second
    third = (await service.publish_next()).whole
    assert set(read_crl(third.der).entries) == {serial(1).value, serial(2).value}
