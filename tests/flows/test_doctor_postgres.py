"""What `zorgid doctor` finds of a PostgreSQL that was broken, and what it advises."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from installed.practice import Practice, copied
from installed.program import until
from links import leads_somewhere
from server.cli import run
from strangers.postgres_killed import Killable, killable, moved
from strangers.postgres_replica import replica_of

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CLIENTS = 57
"""For who is no superuser, by the fixture's settings: 60 less the 3 that are reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """An installation in a database, and a status node whose user only reads."""

    practice: Practice
    status: Practice
    database: Killable
    name: str

    def tell(self, *statements: str) -> None:
        """As the database's owner."""
        with closing(self.connect("postgres")) as connection:
            for each in statements:
                connection.execute(each.encode())

    def connect(self, user: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.database.folder), user=user, dbname=self.name, autocommit=True
        )

    def setting(self, name: str, value: str) -> None:
        """Change it, and wait until new connections see it."""
        self.tell(f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")

        def told() -> bool:
            with closing(self.connect("postgres")) as connection:
                row = connection.execute(f"SHOW {name}".encode()).fetchone()
                return row == (value,)

        until(told, f"{name} is {value}")

    def found(self, about: str, *, status: bool = False) -> list[tuple[str, str, str]]:
        """Level, text and next step of the findings about a subject."""
        config = (self.status if status else self.practice).config
        with redirect_stdout(StringIO()) as printed:
            run(["doctor", "--json", "--config", str(config)])
        findings: list[dict[str, Any]] = json.loads(printed.getvalue())["result"]["findings"]
        ours = [each for each in findings if each["about"] == about]
        assert all(leads_somewhere(each["runbook"]) for each in ours if each["level"] != "ok")
        return [(each["level"], each["text"], each.get("next_step") or "") for each in ours]

    def says(self, level: str, text: str, step: str, *, status: bool = False) -> bool:
        """Whether there is such a finding about the database."""
        return any(
            (level, text in said, step in advised) == (found, True, True)
            for found, said, advised in self.found("database", status=status)
        )


def status_node(practice: Practice, url: str, folder: Path) -> Practice:
    """It has no CA's key, and another user."""
    node = copied(practice, folder)
    text = node.config.read_text("utf-8")
    text, keys = re.subn(
        r'^key = \{ file = "keys/(token|mobiel)-ca.*\n', "", text, flags=re.MULTILINE
    )
    assert keys
    text, users = re.subn(
        r"postgresql\+psycopg://postgres@", "postgresql+psycopg://zorgid_status@", text
    )
    assert users == 1, url
    node.config.write_text(text, "utf-8")
    return node


@pytest.fixture(scope="module")
def house(module_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with killable() as database:
        name = database.create()
        url = database.url(name)
        moved(module_practice.layout.store, url)
        module_practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
        folder = tmp_path_factory.mktemp("status") / "installation"
        node = status_node(module_practice, url, folder)
        house = House(practice=module_practice, status=node, database=database, name=name)
        house.tell(
            "CREATE ROLE zorgid_status LOGIN",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO zorgid_status",
        )
        yield house


def test_nothing_is_wrong_with_a_primary_and_a_user_that_only_reads(house: House) -> None:
    for status in (False, True):
        (found,) = house.found("database", status=status)
        assert (found[0], found[1].endswith(", the primary")) == ("ok", True)


def test_a_write_that_a_power_cut_would_lose(house: House) -> None:
    house.setting("full_page_writes", "off")
    assert house.says("problem", "full_page_writes is off", "switch both on")
    house.setting("full_page_writes", "on")


def test_a_status_node_whose_user_may_write(house: House) -> None:
    house.tell("GRANT INSERT ON journal TO zorgid_status")
    assert house.says("warning", "may write to the journal", "only SELECT", status=True)
    house.tell("REVOKE INSERT ON journal FROM zorgid_status")


def test_connections_that_are_nearly_and_wholly_used_up(house: House) -> None:
    with ExitStack() as others:
        for _ in range(CLIENTS - 8):
            others.enter_context(closing(house.connect("zorgid_status")))
        assert house.says("warning", f"of {CLIENTS} connections", "max_connections", status=True)
        for _ in range(8):
            others.enter_context(closing(house.connect("zorgid_status")))
        found = house.found("store", status=True)
        assert [(level, "connection" in text) for level, text, _ in found] == [("problem", True)]
        assert "max_connections" in found[0][2]


def test_a_replica_that_is_behind_and_commits_that_wait_for_one_that_is_gone(house: House) -> None:
    """Whether the user may look at replicas or only sees that there are some."""
    with replica_of(house.database) as replica:
        there = (str(house.database.folder), str(replica._folder))
        house.status.change(there)
        # Nobody writes here, so no heartbeat says how far it is.
        assert house.says(
            "problem", "the replica is behind", "look at the replication", status=True
        )
        house.status.change((there[1], there[0]))
        house.setting("synchronous_standby_names", "*")
        assert replica.alive()
        assert house.says("ok", "the primary", "")
    for status in (False, True):
        assert house.says(
            "problem", "commits wait for a replica", "synchronous_standby_names = ''", status=status
        )
    house.setting("synchronous_standby_names", "")


def test_a_schema_of_another_release_and_a_server_that_is_away(house: House) -> None:
    house.tell("UPDATE alembic_version SET version_num = '0000'")
    ((level, text, step),) = house.found("store")
    assert (level, "schema" in text, "zorgid store upgrade" in step) == ("problem", True, True)
    house.tell("UPDATE alembic_version SET version_num = '0001'")
    house.database.kill()
    ((level, text, step),) = house.found("store")
    assert (level, "cannot be" in text, bool(step)) == ("problem", True, True)
    house.database.start()
