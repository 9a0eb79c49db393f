"""Two publishers, one directory: who was stopped in the middle of a write undoes nothing."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from directories.external import external_slapd
from directories.holding import Holder, holding
from directories.material import BASE
from directories.slapd import eventually, ldapsearch
from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.sound import check_sound
from installed.two_issuers import ISSUER, Pair, two_issuers
from ldap_publish.entry import CRL, ca_dn
from ldap_publish.plan import crl_number
from pki.der.crl import read_crl
from server.leases.names import Task

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slapd,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What ldapsearch finds, beside what the store says."""

    url: str
    pair: Pair

    async def crl(self) -> bytes:
        found = await ldapsearch(self.url, "(objectClass=*)", base=ca_dn(ISSUER, BASE))
        (crl,) = found.of(CRL)
        return crl

    async def until_blocked(self, serial: int) -> int:
        """Wait until the newest CRL is shown and lists it; the number of that CRL."""

        async def newest() -> bool:
            crl = self.pair.reader.read_sync(lambda session: session.latest_crl(ISSUER))
            assert crl is not None
            return serial in read_crl(crl.der).entries and await self.crl() == crl.der

        await eventually(newest)
        return crl_number(await self.crl())

    async def until_taken_over(self) -> None:
        """Wait until the second keeps the directory."""

        async def taken() -> bool:
            lease = self.pair.reader.read_sync(lambda session: session.lease(Task.DIRECTORY.value))
            return lease is not None and lease.held and lease.holder == self.pair.second.name

        await eventually(taken)

    async def until_the_first_found_out(self) -> None:
        async def found_out() -> bool:
            losses = "zorgid_lease_losses_total"
            return await asyncio.to_thread(self.pair.first.metric, losses) >= 1

        await eventually(found_out)


async def test_a_write_that_comes_after_a_take_over_is_refused_by_the_directory(
    practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    async with external_slapd(tmp_path / "d") as (_, url), holding(tmp_path / "s", url) as holder:
        practice.change(('mode = "off"', f'mode = "external"\nurl = "{holder.url}"'))
        with two_issuers(practice, tmp_path / "second" / "installation", nursery) as pair:
            await overtake(pair, holder, Shown(url=url, pair=pair))
            for each in (pair.first, pair.second):
                await check_sound(each.practice, pair.requests)


async def overtake(pair: Pair, holder: Holder, shown: Shown) -> None:
    """The CRL without the block is on its way when the first stops, and comes after the block."""
    made = await pair.first.practice.make_card(employee(320))
    serial, card = x509.load_der_x509_certificate(made.certificate).serial_number, made.card.card_id
    await pair.change(pair.second, card, blocking=True)
    await shown.until_blocked(serial)
    holder.hold()
    await pair.change(pair.second, card, blocking=False)
    await holder.holds.wait()

    os.kill(pair.first.process, signal.SIGSTOP)
    try:
        await shown.until_taken_over()
        await pair.change(pair.second, card, blocking=True)
        blocked = await shown.until_blocked(serial)
        holder.released.set()
        await holder.answered.wait()
        assert crl_number(await shown.crl()) >= blocked
    finally:
        os.kill(pair.first.process, signal.SIGCONT)
    await shown.until_the_first_found_out()
    last = await shown.crl()
    assert crl_number(last) >= blocked
    assert serial in read_crl(last).entries
