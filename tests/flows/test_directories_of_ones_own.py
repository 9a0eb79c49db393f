"""Two directories of others, as a configuration names them: ldaps with a client certificate, ldapi.

Neither writer has a password. `zorgid ldap` compares and mends each by its name.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from directories.external import client, external_slapd
from directories.material import BASE
from directories.slapd import Found, eventually, ldapsearch
from installed.nursery import Nursery
from installed.practice import Practice, employee
from ldap_publish.directory import LdapDirectory
from ldap_publish.entry import CERTIFICATE
from ldap_publish.plan import DeleteEntry
from pki.observe.views.verifier import Verified
from pki.ports import SystemClock, SystemEntropy
from pki.store.reading import ReadStore
from server.directory.commands import What, compare
from server.roles.publisher import servers
from server.settings import load
from server.views.comparing import verify_once

pytestmark = [pytest.mark.slapd, pytest.mark.slow]


def configured(practice: Practice, north: str, south: str, folder: Path) -> None:
    """Both replicas, as an administrator writes them."""
    own = client(folder, "publisher")
    practice.change(('mode = "off"', 'mode = "external"'))
    with practice.config.open("a") as file:
        file.write(
            f'[[ldap.replicas]]\nname = "noord"\nurl = "{north}"\n'
            f'certificate = "{own.certificate}"\nkey = "{own.key}"\n'
            f'ca_file = "{folder}/server.pem"\n'
            f'[[ldap.replicas]]\nname = "zuid"\nurl = "{south}"\n'
        )
    own.key.chmod(0o600)


async def asked(practice: Practice, what: What, replica: str | None = None) -> tuple[int, Any]:
    """A command: its exit code, and what it says of each replica."""
    report = await asyncio.to_thread(compare, practice.config, what, replica)
    return report.code, {each["replica"]: each for each in report.result["replicas"]}


async def compared(practice: Practice) -> Verified:
    store = ReadStore.open(load(practice.config).store.url, threads=1)
    try:
        settings = load(practice.config)
        return await verify_once(settings, store, SystemClock(), SystemEntropy())
    finally:
        await store.close()


def cards(found: Found) -> Iterator[str]:
    return (each for each in found.dns if each.startswith("uid="))


async def test_two_directories_are_kept_compared_and_mended(
    practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("n", "s")]
    for each in folders:
        each.mkdir()
    async with external_slapd(folders[0]) as (north, at_north), external_slapd(folders[1]) as at:
        configured(practice, north, at[1], folders[0])
        with nursery.serving(practice):
            made = await practice.make_card(employee(1))
            for url in (at_north, at[1]):

                async def shown(url: str = url) -> bool:
                    return bool([*cards(await ldapsearch(url, "(uid=*)"))])

                await eventually(shown)
            found = await ldapsearch(at_north, "(uid=*)")
            assert found.of(CERTIFICATE) == [made.certificate]
            seen = await compared(practice)
            assert {"ldap:noord", "ldap:zuid"} <= set(seen.views)
            assert seen.unseen == ()
        [name] = cards(found)
        settings = load(practice.config)
        south = LdapDirectory(dict(servers(settings, None))["zuid"])
        await south.apply(DeleteEntry(dn=name))
        await south.close()
        code, told = await asked(practice, "verify")
        assert (code, told["noord"]["differences"]) == (1, [])
        assert told["zuid"]["differences"] == [{"kind": "missing", "dn": name, "attribute": ""}]
        assert (await asked(practice, "plan", "zuid"))[0] == 0
        code, told = await asked(practice, "apply", "zuid")
        assert (code, told.keys(), told["zuid"]["changed"]) == (0, {"zuid"}, 1)
        code, told = await asked(practice, "republish")
        assert (code, all(each["changed"] for each in told.values())) == (0, True)
        assert (await asked(practice, "verify"))[0] == 0
        assert [*cards(await ldapsearch(at[1], "(uid=*)", base=BASE))] == [name]
