"""`zorgid revoke`, as it is typed."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from server.options import DEFAULT_CONFIG, Config, Json

Reason = Literal["keyCompromise", "superseded", "cessationOfOperation", "privilegeWithdrawn"]


def revoke(  # noqa: PLR0913 -- each is an option of the command
    *,
    file: Annotated[Path, typer.Option("--file", help="CSV: serials, card:NUMBER, mobiel:ID.")],
    reason: Annotated[Reason, typer.Option(help="Why (RFC 5280 5.3.1), for all of them.")],
    compromised_since: Annotated[
        str | None, typer.Option(help="Mistrusted from then: 2026-11-22T09:30:00Z.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it; change nothing.")] = False,
    order: Annotated[
        Path | None, typer.Option(help="Write the order that two people sign, to a new file.")
    ] = None,
    approval: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="The order signed (CMS, DER); twice."),
    ] = None,
    lines: Annotated[
        Path | None, typer.Option(help="Write what becomes of each line, as CSV, to a new file.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Revoke many cards and telephones, by a list that two of the ZORG-ID team have signed.

    Given again after an interruption, it goes on. What is in use is blocked and revoked in one act;
    OCSP shows it within a second, CRLs follow.
    """
    from server.emergency.commands import Asked, run_revocation
    from server.report import run_report

    asked = Asked(
        file=file,
        reason=reason,
        compromised_since=compromised_since,
        dry_run=dry_run,
        order=order,
        approvals=tuple(approval or ()),
        lines=lines,
    )
    return run_report(lambda: run_revocation(config, asked), as_json=json)
