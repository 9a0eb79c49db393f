"""The two LDIF files of config/ldap, loaded into a slapd that keeps its settings in cn=config."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from directories.material import BASE, ISSUER_NAME, TOKEN_CA, card_certificate, make_ca
from directories.slapd import SCHEMA, Bench, eventually, following, ldapsearch, run, tls_lines
from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.entry import CERTIFICATE
from ldap_publish.plan import AddEntry, AddValues, DeleteEntry, DeleteValues
from ldap_publish.ports import Done, NotAccepted, ParentMissing
from ldap_publish.slapd import find_slapd
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from ldap_publish.tree import base_entry
from pki.domain.errors import DirectoryUnavailable
from pki.observe.ldap import LdapObserver
from strangers.ports import free_port

pytestmark = pytest.mark.slapd

CONFIG = SCHEMA.parent
WRITER = f"cn=writer,{BASE}"
PASSWORD = "practice"


def conf_of(directory: Path) -> str:
    """What a system administrator has before reading our files."""
    lines = [f"include {each}" for each in DEBIAN_SCHEMAS]
    lines += ["moduleload back_mdb", "database config", "rootdn cn=config", f"rootpw {PASSWORD}"]
    lines += ["database mdb", f"suffix {BASE}", f"rootdn {WRITER}", f"rootpw {PASSWORD}"]
    return "\n".join([*lines, f"directory {directory / 'data'}", "access to * by * read", ""])


@asynccontextmanager
async def own_slapd(directory: Path, *, tls: bool = False) -> AsyncIterator[str]:
    for name in ("data", "config"):
        (directory / name).mkdir()
    conf = directory / "slapd.conf"
    conf.write_text((tls_lines(directory) if tls else "") + conf_of(directory))
    program, config = str(find_slapd()), str(directory / "config")
    # It writes the settings and then complains that there is no data yet.
    await run(program, "-Ttest", "-f", str(conf), "-F", config)
    url, secure = f"ldap://localhost:{free_port()}", f"ldaps://localhost:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        program, "-F", config, "-h", f"{url} {secure}" if tls else url, "-d", "0"
    )

    async def ready() -> bool:
        return (await ldapsearch(url, "(objectClass=*)", base="")).code == 0

    try:
        await eventually(ready)
        yield secure if tls else url
    finally:
        process.terminate()
        await process.wait()


async def test_a_directory_of_ones_own_behaves_as_the_private_one(tmp_path: Path) -> None:
    async with own_slapd(tmp_path) as url:
        login = ("-x", "-H", url, "-D", "cn=config", "-w", PASSWORD)
        for command, name in (("ldapadd", "zorgid.ldif"), ("ldapmodify", "directory.ldif")):
            code, output = await run(command, *login, "-f", str(CONFIG / name))
            assert code == 0, output
        server = LdapServer(url=url, bind_dn=WRITER, password=PASSWORD)
        async with following(Bench(server)) as bench:
            card = card_certificate(bench.ca, 1)
            await bench.reached(bench.facts.put(card))
        for issuer in (ISSUER_NAME, ",".join(reversed(ISSUER_NAME.split(",")))):
            value = f'{{ serialNumber {card.serial.decimal}, issuer rdnSequence:"{issuer}" }}'
            found = await ldapsearch(url, f"(userCertificate:certificateExactMatch:={value})")
            assert found.of(CERTIFICATE) == [card.der]
        assert (await ldapsearch(url, "(serialNumber=900021219)")).of(CERTIFICATE) == [card.der]
        for search in ("(objectClass=*)", "(uid=*)", "(serialNumber=9*)", "(objectClass=pkiUser)"):
            found = await ldapsearch(url, search)
            assert (found.code, found.dns) == (11, [])


# ldap3 still asks Python 3.11 for the host name check that 3.12 took away; there it has its own.
@pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning")
async def test_over_tls_only_the_named_roots_are_trusted(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(make_ca().certificate.public_bytes(serialization.Encoding.PEM))
    async with own_slapd(tmp_path, tls=True) as url:
        for ca_file, trusted in ((tmp_path / "server.pem", True), (other, False)):
            server = LdapServer(url=url, bind_dn=WRITER, password=PASSWORD, ca_file=ca_file)
            directory = LdapDirectory(server)
            observer = LdapObserver(url=url, base=BASE, seconds=60, ca_file=ca_file)
            if trusted:
                assert await directory.read(BASE, ("o",)) is None
                assert await observer.ca(TOKEN_CA) is None
            else:
                with pytest.raises(DirectoryUnavailable):
                    await directory.read(BASE, ("o",))
                with pytest.raises(DirectoryUnavailable):
                    await observer.ca(TOKEN_CA)
            await directory.close()


async def test_changes_are_idempotent_on_a_real_server(tmp_path: Path) -> None:
    async with own_slapd(tmp_path) as url:
        directory = LdapDirectory(LdapServer(url=url, bind_dn=WRITER, password=PASSWORD))
        add = AddEntry(entry=base_entry(BASE))
        names = AddValues(dn=BASE, attribute="description", values=(b"one", b"two"))
        less = DeleteValues(dn=BASE, attribute="description", values=(b"one",))
        for change in (add, add, names, names, less, less):
            assert await directory.apply(change) == Done()
        assert await directory.read(BASE, ("description",)) == {"description": (b"two",)}
        elsewhere = replace(names, dn=f"ou=none,{BASE}")
        assert await directory.apply(elsewhere) == ParentMissing()
        wrong = replace(names, attribute="userCertificate;binary")
        assert isinstance(await directory.apply(wrong), NotAccepted)
        below = base_entry(f"ou=below,{BASE}")
        assert await directory.apply(AddEntry(entry=below)) == Done()
        for _ in range(2):
            assert await directory.apply(DeleteEntry(dn=below.dn)) == Done()
        assert await directory.read(below.dn, ("ou",)) is None
        await directory.close()


async def test_a_wrong_password_is_the_directory_being_unavailable(tmp_path: Path) -> None:
    async with own_slapd(tmp_path) as url:
        directory = LdapDirectory(LdapServer(url=url, bind_dn=WRITER, password="no"))
        with pytest.raises(DirectoryUnavailable, match="invalidCredentials"):
            await directory.read(BASE, ("o",))
        await directory.close()


async def test_both_forms_of_the_schema_are_one(tmp_path: Path) -> None:
    """slaptest turns zorgid.schema into cn=config; it must say what zorgid.ldif says."""
    conf = tmp_path / "slapd.conf"
    conf.write_text(f"include {DEBIAN_SCHEMAS[0]}\ninclude {SCHEMA}\n")
    (tmp_path / "d").mkdir()
    await run(str(find_slapd()), "-Ttest", "-f", str(conf), "-F", str(tmp_path / "d"))
    (made,) = (tmp_path / "d" / "cn=config" / "cn=schema").glob("*zorgid.ldif")
    ours = definitions((CONFIG / "zorgid.ldif").read_text())
    assert definitions(made.read_text()) == ours
    assert len(ours) == 2


def definitions(ldif: str) -> list[str]:
    """The definitions, unfolded, without slaptest's ordering numbers and with single spaces."""
    lines = [
        line for line in ldif.replace("\n ", "").splitlines() if re.match(r"olc(Att|Obj)", line)
    ]
    plain = [re.sub(r": \{\d+\}", ": ", line) for line in lines]
    return sorted(re.sub(r"\s+", " ", line) for line in plain)
