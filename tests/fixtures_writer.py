"""A server with desks before it, for the card flow."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from card_house import GenerousWorld, House
from fixtures_signers import Hierarchy, open_token_ca
from issuance_world import RegisterStatus
from store_samples import SetClock
from tls_made import TlsMade
from uzi_made import Register


@pytest.fixture
async def card_house(
    tmp_path: Path, uzi_register: Register, hierarchy: Hierarchy, tls_made: TlsMade
) -> AsyncIterator[House]:
    world = GenerousWorld(
        folder=tmp_path,
        register=uzi_register,
        authority=open_token_ca(hierarchy, card="card-p256"),
        tls=tls_made,
        clock=SetClock(),
        status=RegisterStatus(),
    )
    world.prepare()
    async with world.serve() as server:
        yield House(world=world, server=server)
