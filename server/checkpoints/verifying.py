"""Checkpoints that an auditor names: files, folders of them, addresses, and lists at an address."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.domain.evidence.checkpoints import Checkpoint
from pki.domain.evidence.published import (
    INDEX,
    checkpoint_path,
    is_list_of_months,
    month_path,
    read_month,
    read_months,
)
from pki.observe.http import Limits, fetch
from pki.trust.evidence import verify_evidence
from server.report import progress

_LIMITS: Final = Limits(octets=1 << 20)
_LIST_LIMITS: Final = Limits(octets=8 << 20)
_ADDRESS: Final = ("http://", "https://")


def read_checkpoints(named: Sequence[str], roots: tuple[bytes, ...]) -> list[Checkpoint]:
    """Each of them, signed by an evidence key below one of ``roots``.

    A folder stands for every ``.p7m`` in it; the address of a list (``…/index.json``) for every
    checkpoint that the list names.

    Raises:
        ConfigurationInvalid: a file cannot be read, or there is none.
        Unavailable: an address does not answer with one.
        Malformed: not a checkpoint, or no list of them.
        SignatureBroken: it is not to be believed.
    """
    octets = [each for name in named for each in _octets(name)]
    return [Checkpoint.read(verify_evidence(each, roots).content) for each in octets]


def _octets(named: str) -> list[bytes]:
    if named.startswith(_ADDRESS):
        return asyncio.run(_fetched(named))
    path = Path(named)
    try:
        files = sorted(path.rglob("*.p7m")) if path.is_dir() else [path]
        found = [each.read_bytes() for each in files]
    except OSError as error:
        raise _unusable(f"{named} cannot be read: {error.strerror}") from error
    if not found:
        raise _unusable(f"{named} holds no checkpoint")
    return found


def _unusable(message: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="checkpoint",
        message=message,
        next_step="name a file, a folder of them, or the address of a checkpoint: http://…",
    )


async def _fetched(url: str) -> list[bytes]:
    async with aiohttp.ClientSession() as session:
        if not urlsplit(url).path.endswith(".json"):
            return [await fetch(session, url, _LIMITS)]
        progress(f"reading the checkpoints listed at {url}")
        found = [each async for each in _all_listed(session, url)]
    if not found:
        raise Malformed(
            what="list of checkpoints",
            message=f"{url} names no checkpoint",
            next_step="ask for the first one after an hour, or name another address",
        )
    return found


async def _all_listed(session: aiohttp.ClientSession, url: str) -> AsyncIterator[bytes]:
    """What the list names stands below the same address: no list leads elsewhere."""
    octets = await fetch(session, url, _LIST_LIMITS)
    if is_list_of_months(octets):
        base = _base(url, INDEX)
        lists = [f"{base}{month_path(month)}" for month in read_months(octets)]
        months = [read_month(await fetch(session, each, _LIST_LIMITS)) for each in lists]
    else:
        months = [read_month(octets)]
        base = _base(url, month_path(months[0][0]))
    for _, listed in months:
        for each in listed:
            yield await fetch(session, f"{base}{checkpoint_path(each.at)}", _LIMITS)


def _base(url: str, path: str) -> str:
    """The address that a list's names are below.

    Raises:
        Malformed: the list does not stand where it should.
    """
    if not url.endswith(f"/{path}"):
        raise Malformed(
            what="list of checkpoints",
            message=f"{url} is not where that list stands",
            next_step=f"name the address that ends in /{path}",
        )
    return url.removesuffix(path)
