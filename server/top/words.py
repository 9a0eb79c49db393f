"""The command `zorgid top`."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option("--config", "-c", help="Configuration file.", envvar="ZORGID_CONFIG")
]


def top(
    *,
    config: Config = Path("zorgid.toml"),
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Look this often.")] = 2.0,
    once: Annotated[bool, typer.Option(help="Print one page and end.")] = False,
) -> int:
    """Show what the process with this configuration does now; Ctrl-C ends it."""
    from pki.domain.errors import ZorgidError
    from server.report import show_error
    from server.top.screen import show_top

    try:
        return show_top(config, seconds=seconds, once=once)
    except ZorgidError as error:
        return show_error(error, as_json=False)
