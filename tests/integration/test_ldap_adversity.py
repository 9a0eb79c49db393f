"""A real slapd that says it took what it lost, is slow, or sends the publisher elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from directories.between import between
from directories.material import BASE, Holder, card_certificate
from directories.slapd import Bench, eventually, following, ldapsearch, running_slapd
from ldap_publish.directory import LdapServer
from ldap_publish.entry import CERTIFICATE, card_dn
from ldap_publish.follower import UNFINISHED_CURSOR
from ldap_publish.slapd import find_slapd
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from pki.domain.errors import DirectoryUnavailable
from strangers.ports import free_port

pytestmark = pytest.mark.slapd


async def test_what_a_server_took_and_lost_is_written_again(tmp_path: Path) -> None:
    lost: list[str] = []

    def loses(dn: str) -> bool:
        lost.append(dn)
        return lost.count(dn) == 1

    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        between(slapd, loses=loses) as server,
        following(Bench(server)) as bench,
    ):
        cards = [card_certificate(bench.ca, number) for number in range(5)]
        await bench.reached(max(bench.facts.put(card) for card in cards))
        found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
        statistics = bench.follower.statistics()
    assert {card_dn(each, BASE) for each in cards} < set(lost)
    assert sorted(found.of(CERTIFICATE)) == sorted(each.der for each in cards)
    assert (statistics.failures, statistics.set_aside) == (0, ())


async def test_what_a_server_always_loses_is_set_aside_and_told(tmp_path: Path) -> None:
    losing: set[str] = set()
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        between(slapd, loses=losing.__contains__) as server,
    ):
        async with following(Bench(server)) as bench:
            poison = card_certificate(bench.ca, 1)
            other = card_certificate(bench.ca, 2, Holder(uzi_number="900000002"))
            losing.add(card_dn(poison, BASE))
            bench.facts.put(poison)
            await bench.reached(bench.facts.put(other))
            (aside,) = bench.follower.statistics().set_aside
            assert (aside.serial, aside.why) == (
                poison.serial.hex,
                "the directory does not keep what it is given",
            )
            assert bench.cursors.saved[UNFINISHED_CURSOR] == 1
            found = await ldapsearch(slapd.url, "(serialNumber=900000002)")
            assert found.of(CERTIFICATE) == [other.der]
        losing.clear()
        async with following(Bench(server, bench)) as again:

            async def mended() -> bool:
                return again.cursors.saved[UNFINISHED_CURSOR] == 0

            await eventually(mended)
            found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
    assert found.of(CERTIFICATE) == [poison.der]


async def test_a_slow_server_is_no_failing_one(tmp_path: Path) -> None:
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        between(slapd, delay=0.02) as server,
        following(Bench(server)) as bench,
    ):
        cards = [card_certificate(bench.ca, number) for number in range(12)]
        await bench.reached(max(bench.facts.put(card) for card in cards))
        found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
        statistics = bench.follower.statistics()
    assert sorted(found.of(CERTIFICATE)) == sorted(each.der for each in cards)
    assert (statistics.failures, statistics.connected) == (0, True)


@asynccontextmanager
async def referring_slapd(folder: Path, elsewhere: int) -> AsyncIterator[LdapServer]:
    """It keeps another tree, and says of all others that this port has them."""
    url = f"ldap://127.0.0.1:{free_port()}"
    (folder / "data").mkdir()
    lines = [
        *(f"include {each}" for each in DEBIAN_SCHEMAS),
        "moduleload back_mdb",
        f"referral ldap://127.0.0.1:{elsewhere}",
        *("database mdb", "suffix o=Elsewhere", "rootdn cn=writer,o=Elsewhere", "rootpw practice"),
        f"directory {folder / 'data'}",
    ]
    (folder / "slapd.conf").write_text("\n".join([*lines, ""]))
    process = await asyncio.create_subprocess_exec(
        *(str(find_slapd()), "-f", str(folder / "slapd.conf"), "-h", url, "-d", "0")
    )

    async def ready() -> bool:
        return (await ldapsearch(url, "(objectClass=*)", base="")).code == 0

    try:
        await eventually(ready)
        yield LdapServer(url=url, bind_dn="cn=writer,o=Elsewhere", password="practice")
    finally:
        process.terminate()
        await process.wait()


async def test_a_server_that_refers_to_another_is_not_followed(tmp_path: Path) -> None:
    followed = asyncio.Event()

    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        followed.set()
        writer.close()

    other = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    async with referring_slapd(tmp_path, port) as server:
        bench = Bench(server)
        with pytest.raises(DirectoryUnavailable, match="referral"):
            await bench.upkeep.reconcile()
        async with following(bench):

            async def noticed() -> bool:
                return not bench.follower.statistics().connected

            await eventually(noticed)
    other.close()
    assert not followed.is_set()
