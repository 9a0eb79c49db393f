"""The command `zorgid top`."""

from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Config


def top(
    *,
    config: Config = DEFAULT_CONFIG,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Look this often.")] = 2.0,
    once: Annotated[bool, typer.Option(help="Print one page and end.")] = False,
) -> int:
    """Show what the process with this configuration does now; Ctrl-C ends it."""
    from server.report import guarded
    from server.top.screen import show_top

    return guarded(lambda: show_top(config, seconds=seconds, once=once), as_json=False)
