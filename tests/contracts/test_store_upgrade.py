"""A later schema, up and down with data in the store, on every engine."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from pki.domain.errors import SchemaMismatch
from pki.domain.status import OnHold
from pki.store import engine, migrate, schema
from pki.store.moving.counts import counted_rows
from pki.store.writing import Store
from server.store.upgrade import verified_head
from stores.later_release import LATER, PATCHES, REVISION, make_scripts
from stores.samples import NOON, SetClock, person
from stores.steps import change, issue, put


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A release with one revision more."""
    monkeypatch.setattr(migrate, "_SCRIPTS", make_scripts(tmp_path))
    for module, name in PATCHES:
        monkeypatch.setattr(module, name, REVISION)
    return monkeypatch


async def live(url: str, *numbers: int) -> None:
    store = Store.open(url, clock=SetClock())
    await issue(store, *numbers)
    await change(store, numbers[0], OnHold(since=NOON))
    await store.close()


def colours(url: str) -> list[str]:
    made = sa.create_engine(url)
    with made.connect() as connection:
        found = connection.execute(sa.text("SELECT name FROM colours")).scalars().all()
    made.dispose()
    return list(found)


async def test_up_and_down_and_up_again_with_data(
    store_url: str, later: pytest.MonkeyPatch
) -> None:
    with later.context() as now:
        for module, name in PATCHES:
            now.setattr(module, name, schema.SCHEMA_REVISION)
        await live(store_url, 1, 2, 3)
        store = Store.open(store_url, clock=SetClock())
        await put(store, person(1))
        await store.close()
    rows, head = counted_rows_of(store_url), verified_head(store_url)
    with pytest.raises(SchemaMismatch, match="has schema 0001"):
        Store.open(store_url, clock=SetClock())
    assert migrate.migrate(store_url) == "0002"
    assert (colours(store_url), verified_head(store_url)) == (["blue"], head)
    await live(store_url, 4)
    grown = verified_head(store_url)
    assert grown.position == head.position + 1
    migrate.step_back(store_url, "0001")
    assert migrate.schema_revision(store_url) == "0001"
    assert verified_head(store_url) == grown
    assert counted_rows_of(store_url)["persons"] == rows["persons"] == 1
    assert counted_rows_of(store_url)["cards"] == rows["cards"] + 1
    assert "colours" not in counted_rows_of(store_url)
    assert migrate.migrate(store_url) == "0002"
    assert (colours(store_url), verified_head(store_url)) == (["blue"], grown)


def counted_rows_of(url: str) -> dict[str, int]:
    """Of a store of any revision."""
    found = migrate.schema_revision(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SCHEMA_REVISION", found)
        return dict(counted_rows(url))


@pytest.mark.parametrize("revision", ["0002", "0000", "base", "", "9999"])
def test_it_goes_back_only_to_what_was(store_url: str, revision: str) -> None:
    head = verified_head(store_url)
    with pytest.raises(SchemaMismatch, match="cannot go back"):
        migrate.step_back(store_url, revision)
    assert (migrate.schema_revision(store_url), verified_head(store_url)) == ("0001", head)


@pytest.mark.usefixtures("later")
def test_a_migration_that_fails_changes_nothing(store_url: str, tmp_path: Path) -> None:
    script = tmp_path / "migrations/versions/r0002_later.py"
    broken = LATER.replace("CREATE INDEX", "").replace(
        'op.create_index("cards_by_colour", "cards", ["colour"])', "raise RuntimeError"
    )
    script.write_text(broken, "utf-8")
    before = counted_rows_of(store_url)
    with pytest.raises(RuntimeError):
        migrate.migrate(store_url)
    assert migrate.schema_revision(store_url) == "0001"
    assert counted_rows_of(store_url) == before
