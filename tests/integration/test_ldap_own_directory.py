"""The two LDIF files of config/ldap, loaded into a slapd that keeps its settings in cn=config."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ldap_material import BASE, ISSUER_NAME, card_certificate
from ldap_publish.directory import LdapServer
from ldap_publish.entry import CERTIFICATE
from ldap_publish.slapd import find_slapd
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from slapd_peer import SCHEMA, Bench, eventually, following, free_port, ldapsearch, run

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
async def own_slapd(directory: Path) -> AsyncIterator[str]:
    for name in ("data", "config"):
        (directory / name).mkdir()
    conf = directory / "slapd.conf"
    conf.write_text(conf_of(directory))
    program, config = str(find_slapd()), str(directory / "config")
    # It writes the settings and then complains that there is no data yet.
    await run(program, "-Ttest", "-f", str(conf), "-F", config)
    url = f"ldap://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(program, "-F", config, "-h", url, "-d", "0")

    async def ready() -> bool:
        return (await ldapsearch(url, "(objectClass=*)", base="")).code == 0

    try:
        await eventually(ready)
        yield url
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
