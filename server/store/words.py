"""`zorgid store`: show, move, upgrade."""

from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

store = typer.Typer(cls=Commands, help="The store: show, move, upgrade.", no_args_is_help=True)


@store.command("show")
def store_show(*, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Say where the store is, which schema it has, and how much is in it."""
    from server.report import run_report
    from server.store.show import show_store

    return run_report(lambda: show_store(config), as_json=json)


@store.command("move")
def store_move(
    *,
    to: Annotated[
        str, typer.Option("--to", help="An empty database: postgresql+psycopg://…, no password.")
    ],
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Move an SQLite store into PostgreSQL; the old file is kept under another name."""
    from server.report import progress, run_report
    from server.store.move import move_store

    return run_report(lambda: move_store(config, to, progress), as_json=json)


@store.command("upgrade")
def store_upgrade(
    *,
    back: Annotated[
        str | None, typer.Option("--back", help="Return to this earlier schema: four digits.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Bring the store to the schema of this release; the journal is verified before and after."""
    from server.report import progress, run_report
    from server.store.upgrade import upgrade

    return run_report(lambda: upgrade(config, back, progress), as_json=json)
