"""What `zorgid doctor` looks at of sinks: whether each shows the CRLs that the store has."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Final

from crl.sinks.ports import Sink
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.records import KeptCrl
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, problem
from server.crls.sinks import configured_sinks
from server.generation.list_names import served_lists
from server.settings import Settings

ABOUT: Final = "CRL sink"
GRACE: Final = timedelta(minutes=1)
"""A CRL younger than this may still be on its way."""


def examine_sinks(settings: Settings, now: datetime) -> Iterator[Finding]:
    """One finding for each sink that is in order, else one for each list that is behind."""
    if settings.crl_folder is None and settings.crl_bucket is None:
        return
    published = _published(settings)
    for sink in configured_sinks(settings, SystemClock()):
        yield from asyncio.run(_examine(sink, published, now))


def _published(settings: Settings) -> dict[str, KeptCrl]:
    lists = served_lists(settings)

    def query(session: ReadSession) -> dict[str, KeptCrl]:
        found = ((name, _newest(session, issuer)) for name, issuer in lists.items())
        return {name: crl for name, crl in found if crl is not None}

    store = ReadStore.open(settings.store.url, threads=1)
    try:
        return store.read_sync(query)
    finally:
        store.close_sync()


def _newest(session: ReadSession, issuer: IssuerId) -> KeptCrl | None:
    return next(iter(session.kept_crls(issuer, limit=1)), None)


async def _examine(sink: Sink, published: dict[str, KeptCrl], now: datetime) -> list[Finding]:
    try:
        found = [each async for each in _behind(sink, published, now)]
    except ZorgidError as error:
        return [problem(ABOUT, f"{sink.name}: {error.message}", error.next_step)]
    return found or [ok(ABOUT, f"{sink.name}: shows all {len(published)} lists as published")]


async def _behind(
    sink: Sink, published: dict[str, KeptCrl], now: datetime
) -> AsyncIterator[Finding]:
    step = "look at the publisher's log; zorgid_crl_sink_up and _oldest_seconds tell more"
    for name, crl in published.items():
        number = await sink.shown(name)
        if number is not None and number > crl.number:
            text = f"{sink.name}: {name} shows CRL {number}; the store has only {crl.number}"
            yield problem(ABOUT, text, "another store is published there, or this one is old")
        elif number != crl.number and now - crl.this_update > GRACE:
            there = "no CRL" if number is None else f"CRL {number}"
            text = f"{sink.name}: {name} shows {there}, not {crl.number}"
            yield problem(ABOUT, text, step)
