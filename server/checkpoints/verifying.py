"""Checkpoints that an auditor names, by file or address."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp

from pki.domain.errors import ConfigurationInvalid
from pki.domain.evidence.checkpoints import Checkpoint
from pki.observe.http import Limits, fetch
from pki.trust.evidence import verify_evidence

_LIMITS: Final = Limits(octets=1 << 20)


def read_checkpoints(named: Sequence[str], roots: tuple[bytes, ...]) -> list[Checkpoint]:
    """Each of them, signed by an evidence key below one of ``roots``.

    Raises:
        ConfigurationInvalid: a file cannot be read.
        Unavailable: an address does not answer with one.
        Malformed: not a checkpoint.
        SignatureBroken: it is not to be believed.
    """
    octets = [_octets(each) for each in named]
    return [Checkpoint.read(verify_evidence(each, roots).content) for each in octets]


def _octets(named: str) -> bytes:
    if named.startswith(("http://", "https://")):
        return asyncio.run(_fetched(named))
    try:
        return Path(named).read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="checkpoint",
            message=f"{named} cannot be read: {error.strerror}",
            next_step="name a file, or the address of a checkpoint: http://…",
        ) from error


async def _fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as session:
        return await fetch(session, url, _LIMITS)
