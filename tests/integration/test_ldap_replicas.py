"""Several directories, each at its own pace; writers that prove themselves without a password."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ldap_material import BASE, FixedClock, card_certificate, make_ca
from ldap_publish.directory import ClientCertificate, LdapDirectory, LdapServer
from ldap_publish.entry import CERTIFICATE
from ldap_publish.follower import LdapFollower, cursors_of
from ldap_publish.plan import AddEntry
from ldap_publish.ports import Done
from ldap_publish.publisher import Publisher
from ldap_publish.slapd import PrivateSlapd, SlapdPlace, find_slapd
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from ldap_publish.tree import base_entry
from ldap_publish.upkeep import Upkeep
from pki.domain.errors import DirectoryUnavailable
from pki.ports import SystemClock, SystemEntropy
from slapd_peer import (
    QUICK,
    Bench,
    eventually,
    free_port,
    ldapsearch,
    place,
    running_slapd,
    server_of,
    tls_lines,
)

pytestmark = pytest.mark.slapd

WRITER = f"cn=writer,{BASE}"


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


def client(folder: Path, name: str) -> ClientCertificate:
    """A certificate for a client; the server's own key signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .sign(signer, hashes.SHA256())
    )
    assert issuer.not_valid_after_utc > SystemClock().now()
    pem = serialization.Encoding.PEM
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return ClientCertificate(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")


@asynccontextmanager
async def external_slapd(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Over TLS and over a socket; the publisher's certificate and this user may write."""
    (folder / "data").mkdir()
    user = f"gidNumber={os.getgid()}\\+uidNumber={os.getuid()},cn=peercred,cn=external,cn=auth"
    lines = [
        *(f"include {each}" for each in DEBIAN_SCHEMAS),
        "moduleload back_mdb",
        tls_lines(folder) + f"TLSCACertificateFile {folder}/server.pem",
        "TLSVerifyClient try",
        f'authz-regexp "^cn=publisher$" "{WRITER}"',
        f'authz-regexp "^{user}$" "{WRITER}"',
        *("database mdb", f"suffix {BASE}", f"rootdn {WRITER}", f"directory {folder / 'data'}"),
        "access to * by * read",
    ]
    (folder / "slapd.conf").write_text("\n".join([*lines, ""]))
    socket = f"ldapi://{quote(str(folder / 'ldapi'), safe='')}"
    secure = f"ldaps://localhost:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *(str(find_slapd()), "-f", str(folder / "slapd.conf")),
        *("-h", f"{secure} {socket}", "-d", "0"),
    )

    async def ready() -> bool:
        return (await ldapsearch(socket, "(objectClass=*)", base="")).code == 0

    try:
        await eventually(ready)
        yield secure, socket
    finally:
        process.terminate()
        await process.wait()


async def test_a_writer_proves_itself_by_certificate_or_by_its_socket(tmp_path: Path) -> None:
    async with external_slapd(tmp_path) as (secure, socket):
        roots = tmp_path / "server.pem"
        own, other = client(tmp_path, "publisher"), client(tmp_path, "somebody")
        add = AddEntry(entry=base_entry(BASE))
        for server in (
            LdapServer(url=secure, client=own, ca_file=roots),
            LdapServer(url=socket),
        ):
            directory = LdapDirectory(server)
            assert await directory.apply(add) == Done()
            assert await directory.read(BASE, ("o",)) == {"o": (b"ZORG-ID",)}
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
