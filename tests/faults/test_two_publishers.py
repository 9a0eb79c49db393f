"""Two publishers, one directory: who was stopped in the middle of a write undoes nothing."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from cryptography import x509

from directories.external import external_slapd
from directories.holding import holding
from directories.material import BASE
from directories.slapd import eventually, ldapsearch
from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.two_issuers import ISSUER, two_issuers
from ldap_publish.entry import CRL, ca_dn
from ldap_publish.plan import crl_number
from pki.der.crl import read_crl
from server.leases.names import Task

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slapd,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


async def test_a_write_that_comes_after_a_take_over_is_refused_by_the_directory(
    practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    """The CRL without the block is on its way when the first stops, and comes after the block."""
    (tmp_path / "d").mkdir()
    async with external_slapd(tmp_path / "d") as (_, url), holding(tmp_path / "s", url) as holder:
        practice.change(('mode = "off"', f'mode = "external"\nurl = "{holder.url}"'))
        with two_issuers(practice, tmp_path / "second" / "installation", nursery) as pair:
            made = await practice.make_card(employee(320))
            serial = x509.load_der_x509_certificate(made.certificate).serial_number
            card = made.card.card_id

            async def shown() -> bytes:
                found = await ldapsearch(url, "(objectClass=*)", base=ca_dn(ISSUER, BASE))
                (crl,) = found.of(CRL)
                return crl

            async def newest_is_shown() -> bool:
                newest = pair.reader.read_sync(lambda session: session.latest_crl(ISSUER))
                assert newest is not None
                return serial in read_crl(newest.der).entries and await shown() == newest.der

            async def taken_over() -> bool:
                lease = pair.reader.read_sync(lambda session: session.lease(Task.DIRECTORY.value))
                return lease is not None and lease.held and lease.holder == pair.second.name

            await pair.change(pair.second, card, blocking=True)
            await eventually(newest_is_shown)
            holder.hold()
            await pair.change(pair.second, card, blocking=False)
            await holder.holds.wait()

            os.kill(pair.first.process, signal.SIGSTOP)
            try:
                await eventually(taken_over)
                await pair.change(pair.second, card, blocking=True)
                await eventually(newest_is_shown)
                blocked = crl_number(await shown())
                holder.released.set()
                await holder.answered.wait()
                assert crl_number(await shown()) >= blocked
            finally:
                os.kill(pair.first.process, signal.SIGCONT)

            async def found_out() -> bool:
                losses = "zorgid_lease_losses_total"
                return await asyncio.to_thread(pair.first.metric, losses) >= 1

            await eventually(found_out)
            assert crl_number(await shown()) >= blocked
            assert serial in read_crl(await shown()).entries
