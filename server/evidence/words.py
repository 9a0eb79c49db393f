"""`zorgid status`: at, verify."""

from pathlib import Path
from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

status = typer.Typer(
    cls=Commands, help="Status of certificates: at a time, verify.", no_args_is_help=True
)


@status.command("at")
def status_at(
    *,
    serial: Annotated[str, typer.Option(help="40 hexadecimal digits, or dec:<number>.")],
    time: Annotated[str, typer.Option(help="For example 2026-11-22T09:30:00Z.")],
    issuer: Annotated[
        str | None, typer.Option(help="Id of the CA; else whichever recorded the serial.")
    ] = None,
    statement: Annotated[
        Path | None, typer.Option(help="Also sign it, into this new file (CMS, DER).")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show what a certificate's status was at a time, and why."""
    from server.evidence.commands import Asked, show_status_at
    from server.report import run_report

    asked = Asked(serial=serial, time=time, issuer=issuer, statement=statement)
    return run_report(lambda: show_status_at(config, asked), as_json=json)


@status.command("verify")
def status_verify(
    file: Annotated[Path, typer.Argument(help="A signed statement (CMS, DER).")],
    *,
    root: Annotated[
        list[Path], typer.Option(metavar="FILE", help="PEM certificate of a root you trust.")
    ],
    json: Json = False,
) -> int:
    """Verify a signed statement on any computer, without configuration, and show it."""
    from server.evidence.commands import verify_statement
    from server.report import run_report

    return run_report(lambda: verify_statement(file, root), as_json=json)
