"""`zorgid ldap`: plan, apply, verify, republish."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

if TYPE_CHECKING:
    from server.directory.commands import What

ldap = typer.Typer(
    cls=Commands,
    help="Directories beside the store: plan, apply, verify, republish.",
    no_args_is_help=True,
)

_Replica = Annotated[str | None, typer.Option("--replica", help="One of several; else all.")]


@ldap.command("plan")
def plan(*, replica: _Replica = None, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Say what a repair would change; nothing is changed."""
    return _answer("plan", config, replica, as_json=json)


@ldap.command("apply")
def apply(*, replica: _Replica = None, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Repair what differs, while the services run."""
    return _answer("apply", config, replica, as_json=json)


@ldap.command("verify")
def verify(*, replica: _Replica = None, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Compare every entry with the store; what still differs when looked at again is a finding."""
    return _answer("verify", config, replica, as_json=json)


@ldap.command("republish")
def republish(
    *, replica: _Replica = None, config: Config = DEFAULT_CONFIG, json: Json = False
) -> int:
    """Write every entry of cards and CAs again, also those in order; the services run on."""
    return _answer("republish", config, replica, as_json=json)


def _answer(what: "What", config: Path, replica: str | None, *, as_json: bool) -> int:
    from server.directory.commands import compare
    from server.report import run_report

    return run_report(lambda: compare(config, what, replica), as_json=as_json)
