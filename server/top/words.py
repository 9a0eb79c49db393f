"""The command `zorgid top`."""

import sys
from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Config, Json


def top(
    *,
    config: Config = DEFAULT_CONFIG,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Look this often.")] = 2.0,
    once: Annotated[bool, typer.Option(help="Print one page and end.")] = False,
    json: Json = False,
) -> int:
    """Show what the process with this configuration does now; Ctrl-C ends it."""
    from server.report import guarded, run_report
    from server.top.screen import one_page, show_top

    if once or json or not sys.stdout.isatty():
        return run_report(lambda: one_page(config), as_json=json)
    return guarded(lambda: show_top(config, seconds), as_json=False)
