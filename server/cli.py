"""The command line `zorgid`. Each subcommand loads its own part when it is asked for."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

if TYPE_CHECKING:
    from server.report import Report

app = typer.Typer(
    name="zorgid",
    help="ZORG-ID Token CA: issuing CA for smartcards in care, with OCSP, CRLs and LDAP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
journal = typer.Typer(help="The journal: verify, export, show.", no_args_is_help=True)
cert = typer.Typer(help="Certificates.", no_args_is_help=True)
app.add_typer(journal, name="journal")
app.add_typer(cert, name="cert")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Config = Annotated[
    Path, typer.Option("--config", "-c", help="Configuration file.", envvar="ZORGID_CONFIG")
]
DEFAULT_CONFIG = Path("zorgid.toml")


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    port_base: Annotated[int, typer.Option(min=1024, max=65528, help="First of the ports.")] = 8080,
    json: Json = False,
) -> int:
    """Make a practice installation: keys, certificates, store, configuration."""
    from server.initialise import initialise
    from server.report import progress

    return _answer(lambda: initialise(directory, port_base=port_base, say=progress), as_json=json)


@app.command()
def serve(
    *,
    config: Config = DEFAULT_CONFIG,
    role: Annotated[
        str, typer.Option(help="all, issuance, status or publisher (several: with commas).")
    ] = "all",
) -> int:
    """Run the services until interrupted."""
    from server.process.serve import serve_forever

    return _guard(lambda: serve_forever(config, role), as_json=False)


@app.command()
def demo(
    *,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything in this folder.")
    ] = None,
    hold: Annotated[bool, typer.Option(help="Keep the servers running.")] = False,
    port_base: Annotated[
        int | None, typer.Option(min=1024, max=65528, help="First of the ports.")
    ] = None,
    lang: Annotated[str, typer.Option(help="nl or en.")] = "nl",
    json: Json = False,
) -> int:
    """Make a card from a UZI pass, block it, and show it through foreign tools."""
    from server.demo.run import DemoOptions, run_demo

    options = DemoOptions(
        directory=directory, hold=hold, port_base=port_base, lang=lang, as_json=json
    )
    return _guard(lambda: run_demo(options), as_json=json)


@app.command()
def doctor(*, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Examine this installation and this computer."""
    from server.commands.doctor import examine

    return _answer(lambda: examine(config), as_json=json)


@journal.command("verify")
def journal_verify(
    export: Annotated[
        Path | None, typer.Argument(help="An exported journal; else the store's.")
    ] = None,
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Check that no entry was changed, removed or put in between."""
    from server.commands.journal import verify

    return _answer(lambda: verify(config, export), as_json=json)


@journal.command("export")
def journal_export(
    target: Annotated[Path, typer.Argument(help="New file: JSON lines.")],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Write the whole journal to a file that verifies on any computer."""
    from server.commands.journal import export

    return _answer(lambda: export(config, target), as_json=json)


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

    return _answer(lambda: entries(config, after=after, limit=limit), as_json=json)


@cert.command("show")
def cert_show(
    serial: Annotated[str, typer.Argument(help="40 hexadecimal digits, or dec:<number>.")],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show a certificate, its UZI name and its history."""
    from server.commands.certificate import show_certificate

    return _answer(lambda: show_certificate(config, serial), as_json=json)


def _answer(command: Callable[[], "Report"], *, as_json: bool) -> int:
    from server.report import show

    return _guard(lambda: show(command(), as_json=as_json), as_json=as_json)


def _guard(command: Callable[[], int], *, as_json: bool) -> int:
    from pki.domain.errors import ZorgidError
    from server.report import show_error

    try:
        return command()
    except ZorgidError as error:
        return show_error(error, as_json=as_json)


def run(arguments: list[str]) -> int:
    """Do what the arguments say and give the exit code."""
    try:
        code = app(args=arguments, prog_name="zorgid", standalone_mode=False)
    except TyperException as error:
        sys.stderr.write(f"zorgid: {error.format_message()}\n  next: see zorgid --help\n")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except typer.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        return 1
    return code if isinstance(code, int) else 0


def main() -> None:
    """Entry point of the `zorgid` program."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
