"""`zorgid journal`: verify, export, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

if TYPE_CHECKING:
    from server.report import Report

journal = typer.Typer(cls=Commands, help="The journal: verify, export, show.", no_args_is_help=True)


@journal.command("verify")
def journal_verify(
    export: Annotated[
        Path | None, typer.Argument(help="An exported journal; else the store's.")
    ] = None,
    *,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE", help="File, folder or address of checkpoints it must agree with."
        ),
    ] = None,
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="PEM of a root you trust; else the configured ones."),
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="What was signed beside the export (.p7m).")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Check that no entry was changed, removed or put in between."""
    from server.commands.journal import Against, verify
    from server.report import run_report

    against = Against(checkpoints=checkpoint or (), roots=root or (), signature=signature)
    return run_report(lambda: verify(config, export, against), as_json=json)


@journal.command("export")
def journal_export(
    target: Annotated[Path, typer.Argument(help="New file: JSON lines.")],
    *,
    since: Annotated[str | None, typer.Option("--from", help="Day or time: 2026-01-01.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Not included: 2027-01-01.")] = None,
    sign: Annotated[bool, typer.Option(help="Sign what it is, beside it (.p7m).")] = False,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Write the journal, or a time of it, to a file that verifies on any computer."""
    from server.report import run_report

    def command() -> "Report":
        from pki.ports import SystemClock
        from server.auditing.exporting import Span, export

        span = Span.typed(since, until)
        return export(config, target, span, sign=sign, clock=SystemClock())

    return run_report(command, as_json=json)


@journal.command("show")
def journal_show(
    *,
    after: Annotated[int, typer.Option(min=0, help="Start after this position.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show journal entries."""
    from server.commands.journal import entries
    from server.report import run_report

    return run_report(lambda: entries(config, after=after, limit=limit), as_json=json)
