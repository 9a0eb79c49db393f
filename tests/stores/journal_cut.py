"""A journal that lost its last entries, as a replica that lagged has it when it takes over."""

import sqlalchemy as sa

from pki.store import schema


def cut_to(url: str, position: int, **head_says: int) -> None:
    """Nothing is left after this entry; the guards of the store are lifted."""
    engine = sa.create_engine(url)
    table, head = schema.journal, schema.journal_head
    with engine.begin() as connection:
        lift_guards(connection)
        connection.execute(sa.delete(table).where(table.c.position > position))
        query = sa.select(table.c.digest).where(table.c.position == position)
        digest = connection.execute(query).scalar_one()
        connection.execute(sa.update(head), {"position": position, "digest": digest, **head_says})
    engine.dispose()


def lift_guards(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER USER")
        return
    names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
    for (name,) in connection.exec_driver_sql(names).all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
