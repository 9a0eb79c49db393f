"""A desk of fakes, and somebody who wants a card."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ca.authority import CertificationAuthority
from fakes_issuance import Surroundings
from issuance_edge import Edge, at_the_edge
from issuance_holder import Holder
from issuance_world import RegisterStatus, Server, World, Writer, writer
from pki.ports import SystemClock
from store_samples import SetClock
from tls_made import TlsMade
from uzi_made import Register


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def holder(around: Surroundings) -> Holder:
    return Holder(around)


@pytest.fixture
async def edge(around: Surroundings) -> AsyncIterator[Edge]:
    async with at_the_edge(around) as made:
        yield made


@pytest.fixture(scope="session")
def card_keys() -> list[rsa.RSAPrivateKey]:
    """Keys that cards made."""
    return [rsa.generate_private_key(65537, 2048) for _ in range(2)]


@pytest.fixture(scope="session")
def tls_made(tmp_path_factory: pytest.TempPathFactory) -> TlsMade:
    return TlsMade(tmp_path_factory.mktemp("tls"), SystemClock().now())


@pytest.fixture
def world(
    tmp_path: Path,
    uzi_register: Register,
    token_ca: CertificationAuthority,
    tls_made: TlsMade,
) -> World:
    made = World(
        folder=tmp_path,
        register=uzi_register,
        authority=token_ca,
        tls=tls_made,
        clock=SetClock(),
        status=RegisterStatus(),
    )
    made.prepare()
    return made


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    async with world.serve() as running:
        yield running


@pytest.fixture
async def desk_writer(
    world: World, server: Server, card_keys: list[rsa.RSAPrivateKey]
) -> AsyncIterator[Writer]:
    """A desk without a client certificate."""
    async with server.client() as client:
        yield writer(world, client, card_keys[0])
