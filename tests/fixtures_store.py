"""Stores of both kinds for contract tests, each test with a database of its own."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fixtures_postgres import PostgresCluster
from pki.store.migrate import migrate
from pki.store.reading import ReadStore
from pki.store.writing import Store
from store_samples import SetClock


@pytest.fixture(scope="session")
def migrated_postgres(postgres_cluster: PostgresCluster) -> str:
    """A migrated database to copy from."""
    name = postgres_cluster.create()
    migrate(postgres_cluster.url(name))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("store") / "zorgid.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store, with nothing in it."""
    if engine_name == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/zorgid.sqlite3"


@pytest.fixture
def store_url(
    engine_name: str, request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path
) -> Iterator[str]:
    """A migrated store."""
    if engine_name == "postgresql":
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=request.getfixturevalue("migrated_postgres"))
        yield cluster.url(name)
        cluster.drop(name)
    else:
        path = shutil.copy(migrated_sqlite, tmp_path)
        yield f"sqlite:///{path}"


@pytest.fixture
def store_clock() -> SetClock:
    """The store's clock."""
    return SetClock()


@pytest.fixture
async def store(store_url: str, store_clock: SetClock) -> AsyncIterator[Store]:
    """The writing side."""
    opened = Store.open(store_url, clock=store_clock)
    yield opened
    await opened.close()


@pytest.fixture
async def read_store(store_url: str) -> AsyncIterator[ReadStore]:
    """The reading side of the same store."""
    opened = ReadStore.open(store_url)
    yield opened
    await opened.close()
