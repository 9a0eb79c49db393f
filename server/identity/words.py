"""`zorgid identity`: dezi, pass."""

from pathlib import Path
from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

identity = typer.Typer(
    cls=Commands, help="Whether what a person shows is believed: dezi, pass.", no_args_is_help=True
)


@identity.command("dezi")
def identity_dezi(
    statement: Annotated[Path, typer.Argument(help="A statement (verklaring): one signed JWT.")],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show what a statement of Dezi says, if it is believed; no card can be made with it."""
    from pki.domain.identity.record import Means
    from server.identity.checking import check_evidence
    from server.report import run_report

    return run_report(lambda: check_evidence(config, Means.DEZI, statement), as_json=json)


@identity.command("pass")
def identity_pass(
    certificate: Annotated[
        Path, typer.Argument(help="The authenticity certificate of a UZI pass, PEM.")
    ],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show whose a UZI pass is, if it is believed; the UZI register is asked if it is revoked."""
    from pki.domain.identity.record import Means
    from server.identity.checking import check_evidence
    from server.report import run_report

    return run_report(lambda: check_evidence(config, Means.UZI_PASS, certificate), as_json=json)
