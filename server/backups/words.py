"""`zorgid backup`, `restore`, `restore-confirm` and `backup-drill`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.options import CONFIG_HELP, DEFAULT_CONFIG, Config, Json

if TYPE_CHECKING:
    from server.report import Report

_Source = Annotated[Path, typer.Argument(help="A file made by zorgid backup.")]
_Key = Annotated[Path, typer.Option("--key", help="A recipient's private key, PEM.")]
_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="What opens the key, if it is encrypted.")
]
_Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="For a store in PostgreSQL: postgresql+psycopg://…, without a password.",
    ),
]


def backup(
    target: Annotated[Path, typer.Argument(help="A new file; none is ever replaced.")],
    *,
    to: Annotated[
        list[Path],
        typer.Option("--to", metavar="FILE", help="A recipient's certificate, PEM; several times."),
    ],
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Write store, secrets, keys, certificates and configuration to one encrypted file."""
    from server.report import progress, run_report

    def command() -> "Report":
        from pki.ports import SystemClock, SystemEntropy
        from server.commands.backup.make import back_up

        return back_up(
            config, target, to, say=progress, clock=SystemClock(), entropy=SystemEntropy()
        )

    return run_report(command, as_json=json)


def backup_drill(  # noqa: PLR0913 -- each is an option of the command
    source: _Source,
    *,
    key: _Key,
    passphrase_file: _Passphrase = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help=f"{CONFIG_HELP} Without: no comparison with the store."
        ),
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="Where to unpack for a moment; else beside the file.")
    ] = None,
    database: _Database = None,
    json: Json = False,
) -> int:
    """Prove that a backup can be restored: unpack, verify, compare, clean up."""
    from server.report import progress, run_report

    def command() -> "Report":
        from pki.ports import SystemEntropy
        from server.commands.backup.drill import Scratch, drill
        from server.commands.backup.unpack import Opening

        opening = Opening(source=source, key=key, passphrase_file=passphrase_file)
        place = Scratch(folder=scratch, database=database)
        return drill(opening, config, scratch=place, say=progress, entropy=SystemEntropy())

    return run_report(command, as_json=json)


def restore(
    source: _Source,
    directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    key: _Key,
    passphrase_file: _Passphrase = None,
    database: _Database = None,
    json: Json = False,
) -> int:
    """Make an installation from a backup; nothing is served from it until it is confirmed."""
    from server.report import progress, run_report

    def command() -> "Report":
        from pki.ports import SystemClock
        from server.commands.backup.unpack import Opening
        from server.commands.backup.unpack import restore as restored

        opening = Opening(source=source, key=key, passphrase_file=passphrase_file)
        return restored(opening, directory, database=database, say=progress, clock=SystemClock())

    return run_report(command, as_json=json)


def restore_confirm(
    *,
    crl: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="The last CRL that was published, DER; one for each generation."
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Where they are served; default: our addresses."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(min=0, max=1 << 62, help="Its number alone, when the CRL itself is lost."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """After a restore: bring back what the last CRL says, and let services start."""
    from server.report import progress, run_report

    def command() -> "Report":
        from pki.ports import SystemClock
        from server.commands.backup.confirm import LastCrl, confirm

        last = LastCrl(files=tuple(crl or ()), urls=tuple(url or ()), number=number)
        return confirm(config, last, say=progress, clock=SystemClock())

    return run_report(command, as_json=json)
