"""The command line `zorgid`. Each subcommand loads its own part when it is asked for."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

import typer
from typer.exceptions import TyperException

from pki.secrecy import keep_memory_private
from server.auditing.words import journal
from server.backups.words import backup, backup_drill, restore, restore_confirm
from server.card.words import card
from server.ceremony.words import ceremony
from server.crls.words import crl
from server.directory.words import ldap
from server.emergency.words import revoke
from server.evidence.words import status
from server.identity.words import identity
from server.notices.words import notices
from server.options import DEFAULT_CONFIG, Commands, Config, Json
from server.store.words import store
from server.top.words import top

if TYPE_CHECKING:
    from server.report import Report


class Program(Commands):
    """All commands, by what somebody wants to do."""

    SECTIONS: ClassVar = {
        "To begin": ("demo", "init", "serve", "doctor", "top"),
        "Cards, certificates and who is told": (
            "card",
            "cert",
            "status",
            "crl",
            "ldap",
            "notices",
            "identity",
            "revoke",
        ),
        "What must last": (
            "journal",
            "store",
            "backup",
            "backup-drill",
            "restore",
            "restore-confirm",
            "ceremony",
        ),
    }


app = typer.Typer(
    name="zorgid",
    cls=Program,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cert = typer.Typer(cls=Commands, help="Certificates: show, list.", no_args_is_help=True)
app.add_typer(journal, name="journal")
app.add_typer(cert, name="cert")
app.add_typer(card, name="card")
app.add_typer(ceremony, name="ceremony")
app.add_typer(crl, name="crl")
app.add_typer(identity, name="identity")
app.add_typer(ldap, name="ldap")
app.add_typer(notices, name="notices")
app.add_typer(status, name="status")
app.add_typer(store, name="store")
app.command("top")(top)
app.command("revoke")(revoke)

Ports = typer.Option(
    min=1024, max=65528, help="First of eight ports: status, API, LDAP, metrics, …"
)
INTERRUPTED: Final = 130


def _show_version(*, asked: bool) -> None:
    if asked:
        sys.stdout.write(f"zorgid {version('zorgid-token-ca')}\n")
        raise typer.Exit


@app.callback()
def program(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            is_eager=True,
            callback=lambda asked: _show_version(asked=asked),
        ),
    ] = False,
) -> None:
    """ZORG-ID Token CA: issuing CA for smartcards in care, with OCSP, CRLs and LDAP.

    Exit codes: 0 done, 1 a finding or a refusal, 2 wrong use or configuration, 3 this computer
    lacks something, 4 something cannot be reached. With --json: one object on standard output.
    """


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    port_base: Annotated[int, Ports] = 8080,
    json: Json = False,
) -> int:
    """Make a practice installation (keys, certificates, store)."""
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
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="With --role status: as many processes on one port."),
    ] = None,
) -> int:
    """Run the services until interrupted."""
    from server.process.serve import serve_forever
    from server.report import guarded

    return guarded(lambda: serve_forever(config, role, workers), as_json=False)


@app.command()
def demo(
    *,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything in this folder.")
    ] = None,
    hold: Annotated[bool, typer.Option(help="Keep the servers running.")] = False,
    port_base: Annotated[int | None, Ports] = None,
    lang: Annotated[str, typer.Option(help="Language of the story: nl or en.")] = "nl",
    readers: Annotated[Path | None, typer.Option(help="What holds cards in readers.")] = None,
    json: Json = False,
) -> int:
    """Make, check, block and revoke cards on this computer."""
    from server.demo.run import DemoOptions, run_demo
    from server.report import guarded

    options = DemoOptions(
        directory=directory,
        hold=hold,
        port_base=port_base,
        lang=lang,
        as_json=json,
        readers=readers,
    )
    return guarded(lambda: run_demo(options), as_json=json)


@app.command()
def doctor(*, config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Examine this installation and this computer."""
    from server.commands.doctor import examine

    return _answer(lambda: examine(config), as_json=json)


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


@cert.command("list")
def cert_list(
    *,
    issuer: Annotated[str, typer.Option(help="The CA, as the configuration calls it.")],
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """List a CA's certificates that are neither revoked nor expired, as CSV."""
    from server.commands.certificates import list_certificates

    return _answer(lambda: list_certificates(config, issuer), as_json=json)


def _answer(command: Callable[[], "Report"], *, as_json: bool) -> int:
    from server.report import run_report

    return run_report(command, as_json=as_json)


app.command("backup")(backup)
app.command("backup-drill")(backup_drill)
app.command("restore")(restore)
app.command("restore-confirm")(restore_confirm)


def run(arguments: list[str]) -> int:
    """Do what the arguments say and give the exit code."""
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="zorgid", standalone_mode=False)
    except TyperException as error:
        return _wrong_use(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except typer.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:  # noqa: BLE001 -- a defect of ours still ends in one clear answer
        from server.report import show_defect

        return show_defect(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _wrong_use(error: TyperException, *, as_json: bool) -> int:
    from server.report import USAGE, show_failure

    context = getattr(error, "ctx", None)
    command = "zorgid" if context is None else context.command_path
    message = error.format_message()
    if message.startswith("Usage:"):  # a command without its subcommand is answered with its help
        if not as_json:
            sys.stderr.write(f"{message}\n")
            return USAGE
        message = "a command is missing"
    show_failure("usage", message, f"see {command} --help", as_json=as_json)
    return USAGE


def _reader_gone() -> int:
    """Whoever read our output has stopped reading; Python's own flush at exit must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def main() -> None:
    """Entry point of the `zorgid` program."""
    keep_memory_private()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
