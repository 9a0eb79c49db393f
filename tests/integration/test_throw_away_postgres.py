"""Store tests run on what production is: durable, and with a database for each test."""

import pytest
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("_turn", [1, 2])
def test_every_test_has_an_empty_durable_database(postgres_url: str, _turn: int) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (n int)"))
        durable = [
            connection.scalar(text(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")
        ]
        port = connection.scalar(text("SHOW listen_addresses"))
    engine.dispose()
    assert durable == ["on", "on"]
    assert port == ""
