"""`zorgid ceremony`: check, script, run, verify, report; witness-key, unlock."""

from pathlib import Path
from typing import Annotated

import typer

from server.options import Commands, Json

ceremony = typer.Typer(
    cls=Commands, help="Key ceremonies: one reviewed plan in, keys out.", no_args_is_help=True
)

Plan = Annotated[Path, typer.Argument(help="The reviewed plan, TOML.")]
Practice = Annotated[
    bool, typer.Option("--practice", help="Everything that is made and printed says TEST.")
]
Html = Annotated[Path | None, typer.Option("--out", help="New HTML file; else standard output.")]


@ceremony.command("check")
def ceremony_check(plan: Plan, *, practice: Practice = False, json: Json = False) -> int:
    """Check a plan, rehearse it with a throw-away key, and show what will be made."""
    from server.ceremony.commands import check
    from server.report import run_report

    return run_report(lambda: check(plan, practice=practice), as_json=json)


@ceremony.command("script")
def ceremony_script(plan: Plan, *, practice: Practice = False, out: Html = None) -> int:
    """Make the printable script of a plan: HTML, A4."""
    from server.ceremony.commands import script
    from server.report import run_report

    return run_report(lambda: script(plan, practice=practice, out=out), as_json=False)


@ceremony.command("run")
def ceremony_run(plan: Plan, *, practice: Practice = False) -> int:
    """Hold a ceremony at this terminal, or go on with one that was stopped."""
    from server.ceremony.commands import run
    from server.report import run_report

    return run_report(lambda: run(plan, practice=practice), as_json=False)


@ceremony.command("verify")
def ceremony_verify(plan: Plan, *, practice: Practice = False, json: Json = False) -> int:
    """Check a ceremony's transcript, signatures and results, on any computer."""
    from server.ceremony.commands import verify
    from server.report import run_report

    return run_report(lambda: verify(plan, practice=practice), as_json=json)


@ceremony.command("report")
def ceremony_report(plan: Plan, *, practice: Practice = False, out: Html = None) -> int:
    """Make the printable report of a ceremony that was held: HTML, A4."""
    from server.ceremony.commands import report
    from server.report import run_report

    return run_report(lambda: report(plan, practice=practice, out=out), as_json=False)


@ceremony.command("witness-key")
def ceremony_witness_key(
    key_file: Annotated[Path, typer.Argument(help="A new file for the encrypted key.")],
    *,
    name: Annotated[str, typer.Option(help="The witness, as the plan will name them.")],
    type_: Annotated[str, typer.Option("--type", help="ed25519 or p-256.")] = "ed25519",
) -> int:
    """Make a witness's own key and print what the plan needs of it."""
    from server.ceremony.commands import witness_key
    from server.report import run_report

    return run_report(lambda: witness_key(key_file, name=name, type_=type_), as_json=False)


@ceremony.command("unlock")
def ceremony_unlock(
    key_file: Annotated[Path, typer.Argument(help="A key file with its share card beside it.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="A new file for the key's passphrase.")],
) -> int:
    """Have the share holders hand a key's passphrase to the server that is to use the key."""
    from server.ceremony.commands import unlock
    from server.report import run_report

    return run_report(lambda: unlock(key_file, out), as_json=False)
