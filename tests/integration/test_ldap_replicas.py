"""Several directories, each at its own pace; writers that prove themselves without a password."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from directories.external import client, external_slapd
from directories.material import BASE, FixedClock, card_certificate, make_ca
from directories.slapd import (
    QUICK,
    Bench,
    eventually,
    ldapsearch,
    place,
    running_slapd,
    server_of,
    tls_lines,
)
from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.entry import CERTIFICATE
from ldap_publish.follower import LdapFollower, cursors_of
from ldap_publish.plan import AddEntry
from ldap_publish.ports import Done
from ldap_publish.publisher import Publisher
from ldap_publish.slapd import PrivateSlapd, SlapdPlace
from ldap_publish.tree import base_entry
from ldap_publish.upkeep import Upkeep
from pki.domain.errors import DirectoryUnavailable
from pki.ports import SystemEntropy
from strangers.ports import free_port

pytestmark = pytest.mark.slapd


async def test_a_directory_that_is_away_holds_up_no_other_and_catches_up(tmp_path: Path) -> None:
    south_place = place(tmp_path / "south")
    async with running_slapd(tmp_path / "north") as north:
        south = PrivateSlapd(south_place, SystemEntropy())
        bench = Bench(server_of(north))
        directories = {"north": bench.directory, "south": LdapDirectory(server_of(south))}
        followers = {name: follower(bench, name, each) for name, each in directories.items()}
        cards = [card_certificate(bench.ca, number) for number in range(5)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.run()) for each in followers.values()]
            for card in cards:
                position = bench.facts.put(card)
            await eventually(lambda: reached(bench, "north", position))
            found = await ldapsearch(north.url, "(serialNumber=900021219)")
            assert sorted(found.of(CERTIFICATE)) == sorted(each.der for each in cards)
            await eventually(lambda: noticed(followers["south"]))
            assert followers["north"].statistics().connected
            assert not await reached(bench, "south", 1)
            async with south:
                await eventually(lambda: reached(bench, "south", position))
                found = await ldapsearch(south.url, "(serialNumber=900021219)")
                for task in tasks:
                    task.cancel()
        for each in directories.values():
            await each.close()
    assert sorted(found.of(CERTIFICATE)) == sorted(each.der for each in cards)


def follower(bench: Bench, name: str, directory: LdapDirectory) -> LdapFollower:
    publisher = Publisher(directory, bench.tree)
    return LdapFollower(
        journal=bench.journal,
        cursors=bench.cursors,
        upkeep=Upkeep(facts=bench.facts, publisher=publisher, tree=bench.tree),
        clock=FixedClock(),
        backoff=QUICK,
        replica=name,
    )


async def reached(bench: Bench, name: str, position: int) -> bool:
    return bench.cursors.saved.get(cursors_of(name).position, 0) >= position


async def noticed(follower: LdapFollower) -> bool:
    return not follower.statistics().connected


async def test_a_writer_proves_itself_by_certificate_or_by_its_socket(tmp_path: Path) -> None:
    async with external_slapd(tmp_path) as (secure, socket):
        roots = tmp_path / "server.pem"
        own, other = client(tmp_path, "publisher"), client(tmp_path, "somebody")
        for server, name in (
            (LdapServer(url=socket), BASE),
            (LdapServer(url=secure, client=own, ca_file=roots), f"ou=above,{BASE}"),
        ):
            directory = LdapDirectory(server)
            assert await directory.read(name, ()) is None
            assert await directory.apply(AddEntry(entry=base_entry(name))) == Done()
            assert await directory.read(name, ()) is not None
            await directory.close()
        stranger = LdapDirectory(LdapServer(url=secure, client=other, ca_file=roots))
        below = AddEntry(entry=base_entry(f"ou=below,{BASE}"))
        with pytest.raises(DirectoryUnavailable, match=r"strongerAuthRequired|insufficientAccess"):
            await stranger.apply(below)
        await stranger.close()


async def test_a_key_with_a_passphrase_is_refused_and_asks_nobody(tmp_path: Path) -> None:
    tls_lines(tmp_path)
    own = client(tmp_path, "publisher")
    key = serialization.load_pem_private_key(own.key.read_bytes(), None)
    own.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    server = LdapServer(url="ldaps://localhost:1", client=own, ca_file=tmp_path / "server.pem")
    with pytest.raises(DirectoryUnavailable):
        await LdapDirectory(server).read(BASE, ("o",))


async def test_a_server_without_our_schema_is_told_what_to_load(tmp_path: Path) -> None:
    bare = SlapdPlace(directory=tmp_path / "ldap", port=free_port(), schemas=())
    async with PrivateSlapd(bare, SystemEntropy()) as slapd:
        bench = Bench(server_of(slapd))
        bench.facts.put(card_certificate(make_ca(), 1))
        with pytest.raises(DirectoryUnavailable, match="does not take the tree") as refused:
            await bench.upkeep.reconcile()
        await bench.directory.close()
    assert "schema" in (refused.value.next_step or "")
