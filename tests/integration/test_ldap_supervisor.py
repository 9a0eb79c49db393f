"""The private slapd itself: its life, its secrets, what it says when it cannot run."""

import asyncio
import dataclasses
import sys
from pathlib import Path

import pytest

from directories.material import (
    BASE,
)
from directories.slapd import (
    SCHEMA,
    dead,
    eventually,
    hanging_server,
    place,
    process_file,
    run,
    running_slapd,
)
from ldap_publish.slapd import PrivateSlapd
from pki.domain.errors import ConfigurationInvalid, DirectoryUnavailable
from pki.ports import SystemEntropy
from strangers.ports import free_port

pytestmark = pytest.mark.slapd


ENTRY = f"dn: {BASE}\nobjectClass: organization\no: ZORG-ID\n"


async def test_slapd_ends_with_its_parent(tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib, sys
from ldap_publish.slapd import PrivateSlapd, SlapdPlace
from pki.ports import SystemEntropy
async def main():
    place = SlapdPlace(
        directory=pathlib.Path({str(tmp_path / "ldap")!r}),
        port={free_port()},
        schemas=(pathlib.Path({str(SCHEMA)!r}),),
    )
    slapd = PrivateSlapd(place, SystemEntropy())
    await slapd.start()
    print(slapd.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert not await dead(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: dead(pid))


async def test_a_taken_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_slapd(tmp_path / "one") as slapd:
        monkeypatch.setattr("ldap_publish.slapd._ANSWER_SECONDS", 60.0)
        port = int(slapd.url.rpartition(":")[2])
        second = PrivateSlapd(place(tmp_path / "two", port), SystemEntropy())
        with pytest.raises(DirectoryUnavailable, match="another process"):
            await second.start()
    async with hanging_server() as port:
        monkeypatch.setattr("ldap_publish.slapd._ANSWER_SECONDS", 0.2)
        second = PrivateSlapd(place(tmp_path / "two", port), SystemEntropy())
        with pytest.raises(DirectoryUnavailable, match="does not answer"):
            await second.start()


async def test_a_schema_that_slapd_refuses_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.schema"
    broken.write_text("objectclass ( nonsense\n")
    where = dataclasses.replace(place(tmp_path / "ldap"), schemas=(broken,))
    with pytest.raises(ConfigurationInvalid, match="refuses its configuration"):
        await PrivateSlapd(where, SystemEntropy()).start()


async def test_only_the_publisher_writes_and_its_password_stays_secret(tmp_path: Path) -> None:
    async with running_slapd(tmp_path / "ldap") as slapd:
        secret = slapd.password()
        assert slapd.pid is not None
        assert secret.encode() not in process_file(slapd.pid, "cmdline")
        for path in (tmp_path / "ldap").iterdir():
            if path.is_file() and secret in path.read_text(errors="replace"):
                assert path.stat().st_mode & 0o077 == 0
        for login in ((), ("-D", slapd.bind_dn, "-w", "guess")):
            assert (await run("ldapadd", "-x", "-H", slapd.url, *login, feed=ENTRY))[0] != 0
        writer = ("-D", slapd.bind_dn, "-w", secret)
        assert (await run("ldapadd", "-x", "-H", slapd.url, *writer, feed=ENTRY))[0] == 0
