"""`zorgid store show`."""

from pathlib import Path

from pki.store.engine import parse_url
from pki.store.moving.counts import counted_rows
from pki.store.reading import ReadSession, ReadStore
from pki.store.schema import SCHEMA_REVISION
from server.report import Report
from server.settings import load


def show_store(config: Path) -> Report:
    """Where it is, its schema, its journal's end, and the rows of each table.

    Raises:
        SchemaMismatch: it was made by another release.
        StoreUnavailable: it cannot be read.
    """
    settings = load(config)
    where = parse_url(settings.store.url).render_as_string(hide_password=True)
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        head = store.read_sync(ReadSession.head).position
    finally:
        store.close_sync()
    rows = counted_rows(settings.store.url)
    return Report(
        result={"store": where, "schema": SCHEMA_REVISION, "position": head, "rows": dict(rows)},
        lines=[
            f"{where}, schema {SCHEMA_REVISION}, journal to entry {head}",
            *(f"  {count:>10}  {name}" for name, count in rows.items()),
        ],
    )
