"""Store, OCSP, CRL and directory: alike while all is well, and told apart when one is tampered."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from ldap_publish.directory import LdapDirectory
from ldap_publish.entry import card_dn
from ldap_publish.plan import DeleteEntry
from pki.observe.views.verifier import Verified
from pki.ports import SystemClock, SystemEntropy
from pki.store.reading import ReadStore
from server.directory.commands import compare
from server.roles.publisher import private_slapd, servers
from server.settings import load
from server.views.comparing import verify_once

pytestmark = [pytest.mark.slapd, pytest.mark.slow]

VIEWS = ("ocsp-get", "ocsp-post-nonce", "crl", "ldap")


async def compared(practice: Practice) -> Verified:
    settings = load(practice.config)
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        return await verify_once(settings, store, SystemClock(), SystemEntropy())
    finally:
        await store.close()


def backdated(practice: Practice, days: int = 1) -> None:
    """Let every change be of long ago, so that no view may lag; guards of the store are lifted."""
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        guards = store.execute(
            "SELECT name FROM sqlite_master"
            " WHERE type = 'trigger' AND tbl_name = 'status_intervals'"
        )
        for (name,) in guards.fetchall():
            store.execute(f"DROP TRIGGER {name}")
        store.execute("UPDATE status_intervals SET since = since - ?", (days * 86_400 * 1_000_000,))


def told_otherwise(practice: Practice) -> None:
    """The store's own row says, behind everyone's back, that the card is on hold since long."""
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        store.execute(
            "UPDATE status_intervals SET status = 'hold', status_at = since WHERE status = 'good'"
        )


async def taken_out_of_the_directory(practice: Practice) -> None:
    """The card's entry, by somebody who may write there."""
    settings = load(practice.config)
    [(_, server)] = servers(settings, private_slapd(settings.ldap, SystemEntropy()))
    store, directory = ReadStore.open(settings.store.url, threads=1), LdapDirectory(server)
    try:
        [certificate] = await store.read(lambda reads: reads.certificates_after(None, 10))
        await directory.apply(DeleteEntry(dn=card_dn(certificate, settings.ldap.base)))
    finally:
        await directory.close()
        await store.close()


async def until_alike(practice: Practice) -> Verified:
    async with asyncio.timeout(60):
        while True:
            found = await compared(practice)
            if not found.disagreements and not found.unseen:
                return found
            await asyncio.sleep(0.2)


async def test_the_views_agree_until_one_lies(practice: Practice, nursery: Nursery) -> None:
    practice.change(('mode = "off"', 'mode = "private"'))
    with nursery.serving(practice):
        await practice.make_card(employee(1))
        backdated(practice)
        found = await until_alike(practice)
        assert found.views == VIEWS
        assert found.examined == 2, "the card, and a serial that nobody has"
        await taken_out_of_the_directory(practice)
        [lost] = (await compared(practice)).disagreements
        assert (lost.view, lost.seen, lost.expected) == ("ldap", "not shown", "its certificate")
        assert (await asyncio.to_thread(compare, practice.config, "apply", None)).code == 0
        await until_alike(practice)
        told_otherwise(practice)
        found = await compared(practice)
        assert {each.view for each in found.disagreements} == {
            "ocsp-get",
            "ocsp-post-nonce",
            "crl",
        }
        assert {each.seen for each in found.disagreements} == {"good", "not listed"}
    found = await compared(practice)
    assert {each.view for each in found.unseen} == set(VIEWS)
