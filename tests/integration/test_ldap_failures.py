"""A directory that dies, hangs, is emptied or refuses: nothing is lost and nobody waits."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from directories.material import (
    BASE,
    TOKEN_CA,
    Holder,
    card_certificate,
    make_ca,
    published_crl,
)
from directories.slapd import (
    Bench,
    eventually,
    following,
    hanging_server,
    ldapsearch,
    place,
    running_slapd,
    server_of,
)
from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.entry import CERTIFICATE, card_dn
from ldap_publish.follower import CURSOR, UNFINISHED_CURSOR
from ldap_publish.slapd import PrivateSlapd
from pki.domain.errors import DirectoryUnavailable
from pki.ports import SystemEntropy

pytestmark = pytest.mark.slapd


async def test_a_killed_directory_is_started_again_and_catches_up(tmp_path: Path) -> None:
    async with running_slapd(tmp_path / "ldap") as slapd, asyncio.TaskGroup() as group:
        keeper = group.create_task(slapd.run())
        bench = Bench(server_of(slapd))
        async with following(bench):
            first, second = (card_certificate(bench.ca, number) for number in (1, 2))
            await bench.reached(bench.facts.put(first))
            assert slapd.pid is not None
            os.kill(slapd.pid, signal.SIGKILL)
            await bench.reached(bench.facts.put(second))
            statistics = bench.follower.statistics()
        found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
        keeper.cancel()
    assert sorted(found.of(CERTIFICATE)) == sorted([first.der, second.der])
    assert statistics.failures > 0
    assert statistics.connected
    assert statistics.lag_seconds == 0


async def test_a_follower_continues_where_the_one_before_stopped(tmp_path: Path) -> None:
    async with running_slapd(tmp_path / "ldap") as slapd:
        async with following(Bench(server_of(slapd))) as first:
            await first.reached(first.facts.put(card_certificate(first.ca, 1)))
        position = first.facts.put(card_certificate(first.ca, 2))
        async with following(Bench(server_of(slapd), first)) as second:
            await second.reached(position)
        assert second.upkeep.changes == 1
        assert len((await ldapsearch(slapd.url, "(serialNumber=900021219)")).dns) == 2


async def test_an_emptied_directory_heals(tmp_path: Path) -> None:
    directory = tmp_path / "ldap"
    slapd = PrivateSlapd(place(directory), SystemEntropy())
    await slapd.start()
    try:
        async with following(Bench(server_of(slapd))) as bench:
            old = card_certificate(bench.ca, 1)
            bench.facts.publish(published_crl(bench.ca, 1))
            await bench.reached(bench.facts.put(old))
            await slapd.stop()
            shutil.rmtree(directory / "database")
            await slapd.start()
            new = card_certificate(bench.ca, 2)
            await bench.reached(bench.facts.put(new))
            found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
            entry = await ldapsearch(slapd.url, "(objectClass=*)", base=f"ou={TOKEN_CA},{BASE}")
            assert bench.cursors.saved[UNFINISHED_CURSOR] == 0
    finally:
        await slapd.stop()
    assert sorted(found.of(CERTIFICATE)) == sorted([old.der, new.der])
    assert entry.of("certificateRevocationList;binary")


async def test_what_the_directory_refuses_is_set_aside_and_the_rest_flows(tmp_path: Path) -> None:
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        following(Bench(server_of(slapd))) as bench,
    ):
        # A subject without a common name cannot be an inetOrgPerson.
        nameless = x509.Name([x509.NameAttribute(NameOID.SURNAME, "Test")])
        poison = card_certificate(bench.ca, 1, subject=nameless)
        bench.facts.put(poison)
        card = card_certificate(bench.ca, 2)
        await bench.reached(bench.facts.put(card))
        found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
        assert found.of(CERTIFICATE) == [card.der]
        (aside,) = bench.follower.statistics().set_aside
        assert aside.serial == poison.serial.hex
        assert bench.cursors.saved[UNFINISHED_CURSOR] == 1


async def test_a_schema_refusal_is_set_aside(tmp_path: Path) -> None:
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        following(Bench(server_of(slapd))) as bench,
    ):
        # slapd refuses a certificate whose issuer's name has an attribute it does not know.
        bench.facts.put(card_certificate(make_ca(extra="1.2.3.4.5"), 1))
        card = card_certificate(bench.ca, 2, Holder(uzi_number="900000002"))
        await bench.reached(bench.facts.put(card))
        assert (await ldapsearch(slapd.url, "(serialNumber=900000002)")).dns == [
            card_dn(card, BASE)
        ]
        (aside,) = bench.follower.statistics().set_aside
        assert "invalidAttributeSyntax" in aside.why


@pytest.mark.parametrize("drip", [b"", b"0"], ids=["silent", "dripping"])
async def test_a_hanging_server_costs_its_time_limit_and_blocks_nobody(drip: bytes) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    async with hanging_server(drip) as port, asyncio.TaskGroup() as group:
        ticker = group.create_task(tick())
        server = LdapServer(
            url=f"ldap://127.0.0.1:{port}",
            bind_dn="cn=x",
            password="x",
            receive_seconds=0.3,
            operation_seconds=0.6,
        )
        directory = LdapDirectory(server)
        for _ in range(2):
            async with asyncio.timeout(60):
                with pytest.raises(DirectoryUnavailable):
                    await directory.read(BASE, ("o",))
        await directory.close()
        ticker.cancel()
    assert ticks > 50


async def test_a_stopped_directory_delays_and_loses_nothing(tmp_path: Path) -> None:
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        following(Bench(server_of(slapd, patience=1.0))) as bench,
    ):
        await bench.reached(bench.facts.put(card_certificate(bench.ca, 1)))
        assert slapd.pid is not None
        os.kill(slapd.pid, signal.SIGSTOP)
        try:
            position = bench.facts.put(card_certificate(bench.ca, 2))

            async def noticed() -> bool:
                return not bench.follower.statistics().connected

            await eventually(noticed)
            assert bench.cursors.saved[CURSOR] < position
        finally:
            os.kill(slapd.pid, signal.SIGCONT)
        await bench.reached(position)
        assert len((await ldapsearch(slapd.url, "(serialNumber=900021219)")).dns) == 2
