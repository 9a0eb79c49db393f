"""Bringing a store to the schema of this release, and back; servers only check it."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from pki.domain.errors import SchemaMismatch
from pki.store.engine import create_file, read_engine, refuse_newer, stored_revision, write_engine
from pki.store.failures import translating
from pki.store.schema import SCHEMA_REVISION

FIRST_REVISION: Final = "0001"
"""Below it there is no store at all."""

_SCRIPTS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x5A4F5247  # "ZORG": any number, as long as every release takes the same


def migrate(url: str) -> str:
    """Make or upgrade the schema in one transaction, and return its revision.

    Nothing to do is not an error.

    Raises:
        ConfigurationInvalid: the URL names nothing usable.
        SchemaMismatch: the store was made by a newer release.
        StoreUnavailable: the database cannot be reached or written; nothing was changed.
    """
    create_file(url)
    engine = write_engine(url)
    try:
        with translating(), engine.begin() as connection:
            migrate_in(connection)
    finally:
        engine.dispose()
    return SCHEMA_REVISION


def migrate_in(connection: Connection) -> None:
    """As `migrate`, in a transaction that the caller commits.

    Raises:
        SchemaMismatch: the store was made by a newer release.
    """
    lock_schema(connection)
    found = stored_revision(connection)
    if found is not None:
        refuse_newer(found)
    command.upgrade(_alembic(connection), SCHEMA_REVISION)


def step_back(url: str, revision: str) -> None:
    """Put the schema back to an earlier revision, in one transaction.

    What only the later one can hold is lost; the release that goes with the earlier one is to be
    installed then.

    Raises:
        SchemaMismatch: the store is not later than ``revision``, or that is no revision.
        StoreUnavailable: the database cannot be reached or written; nothing was changed.
    """
    engine = write_engine(url)
    try:
        with translating(), engine.begin() as connection:
            lock_schema(connection)
            found = stored_revision(connection) or ""
            refuse_newer(found)
            if not FIRST_REVISION <= revision < found:
                raise SchemaMismatch(
                    message=f"the store has schema {found}, which cannot go back to {revision}",
                    next_step=f"name an earlier one, from {FIRST_REVISION} on",
                )
            command.downgrade(_alembic(connection), revision)
    finally:
        engine.dispose()


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def lock_schema(connection: Connection) -> None:
    """Let nobody else make or change a schema until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def schema_revision(url: str) -> str | None:
    """The revision a store has; None when it was never migrated.

    Raises:
        ConfigurationInvalid: the URL names nothing usable.
        StoreUnavailable: the database cannot be reached, or there is no SQLite file.
    """
    engine = read_engine(url, connections=1)
    try:
        with translating(), engine.connect() as connection:
            return stored_revision(connection)
    finally:
        engine.dispose()
