"""`zorgid crl`: list, get."""

from pathlib import Path
from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

crl = typer.Typer(
    cls=Commands, help="Published CRLs, also those of the past: list, get.", no_args_is_help=True
)

Issuer = Annotated[
    str | None,
    typer.Option(help="Id of the CA, or of a part or delta; left out where one Token CA is."),
]
At = Annotated[str | None, typer.Option(help="In force then: for example 2026-11-22T09:30:00Z.")]


@crl.command("list")
def crl_list(
    *,
    issuer: Issuer = None,
    at: At = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 20,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show the CRLs that were published, the newest first."""
    from server.crls.past import list_crls
    from server.report import run_report

    return run_report(lambda: list_crls(config, issuer, at=at, limit=limit), as_json=json)


@crl.command("get")
def crl_get(
    target: Annotated[Path, typer.Argument(help="A new file (DER).")],
    *,
    number: Annotated[int | None, typer.Option(min=1, help="Its CRL number.")] = None,
    at: At = None,
    issuer: Issuer = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Write one CRL to a file: by number, or the one that was served at a time."""
    from server.crls.past import Wanted, get_crl
    from server.report import run_report

    wanted = Wanted(issuer=issuer, number=number, at=at)
    return run_report(lambda: get_crl(config, wanted, target), as_json=json)
