"""`zorgid backup`, `restore`, `restore-confirm` and `backup-drill`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from server.report import Report


class Answer(Protocol):
    """Shows what a command reports, and gives its exit code."""

    def __call__(self, command: Callable[[], "Report"], *, as_json: bool) -> int:
        """Run it and show its report, or its error."""
        ...


_Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
_CONFIG = "Configuration file."
_Config = Annotated[Path, typer.Option("--config", "-c", help=_CONFIG, envvar="ZORGID_CONFIG")]
_Source = Annotated[Path, typer.Argument(help="A file made by zorgid backup.")]
_Key = Annotated[Path, typer.Option("--key", help="A recipient's private key, PEM.")]
_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="What opens the key, if it is encrypted.")
]
_DEFAULT = Path("zorgid.toml")
_Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="For a store in PostgreSQL: postgresql+psycopg://…, without a password.",
    ),
]


def register(app: typer.Typer, answer: Answer) -> None:
    """Add the commands; ``answer`` shows what they report."""
    for name, command in (
        ("backup", _backup(answer)),
        ("backup-drill", _drill(answer)),
        ("restore", _restore(answer)),
        ("restore-confirm", _confirm(answer)),
    ):
        app.command(name)(command)


def _backup(answer: Answer) -> Callable[..., int]:
    def backup(
        target: Annotated[Path, typer.Argument(help="A new file; none is ever replaced.")],
        *,
        to: Annotated[
            list[Path], typer.Option("--to", help="A recipient's certificate, PEM; several times.")
        ],
        config: _Config = _DEFAULT,
        json: _Json = False,
    ) -> int:
        """Write store, secrets, keys, certificates and configuration to one encrypted file."""

        def command() -> "Report":
            from pki.ports import SystemClock, SystemEntropy
            from server.commands.backup.make import back_up
            from server.report import progress

            return back_up(
                config, target, to, say=progress, clock=SystemClock(), entropy=SystemEntropy()
            )

        return answer(command, as_json=json)

    return backup


def _drill(answer: Answer) -> Callable[..., int]:
    def backup_drill(  # noqa: PLR0913 -- each is an option of the command
        source: _Source,
        *,
        key: _Key,
        passphrase_file: _Passphrase = None,
        config: Annotated[
            Path | None,
            typer.Option(
                "--config", "-c", help=f"{_CONFIG} Without: no comparison with the store."
            ),
        ] = None,
        scratch: Annotated[
            Path | None, typer.Option(help="Where to unpack for a moment; else beside the file.")
        ] = None,
        database: _Database = None,
        json: _Json = False,
    ) -> int:
        """Prove that a backup can be restored: unpack, verify, compare, clean up."""

        def command() -> "Report":
            from pki.ports import SystemEntropy
            from server.commands.backup.drill import Scratch, drill
            from server.commands.backup.unpack import Opening
            from server.report import progress

            opening = Opening(source=source, key=key, passphrase_file=passphrase_file)
            place = Scratch(folder=scratch, database=database)
            return drill(opening, config, scratch=place, say=progress, entropy=SystemEntropy())

        return answer(command, as_json=json)

    return backup_drill


def _restore(answer: Answer) -> Callable[..., int]:
    def restore(
        source: _Source,
        directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
        *,
        key: _Key,
        passphrase_file: _Passphrase = None,
        database: _Database = None,
        json: _Json = False,
    ) -> int:
        """Make an installation from a backup; nothing is served from it until it is confirmed."""

        def command() -> "Report":
            from pki.ports import SystemClock
            from server.commands.backup.unpack import Opening
            from server.commands.backup.unpack import restore as restored
            from server.report import progress

            opening = Opening(source=source, key=key, passphrase_file=passphrase_file)
            return restored(
                opening, directory, database=database, say=progress, clock=SystemClock()
            )

        return answer(command, as_json=json)

    return restore


def _confirm(answer: Answer) -> Callable[..., int]:
    def restore_confirm(
        *,
        crl: Annotated[
            list[Path] | None,
            typer.Option(help="The last CRL that was published, DER; one for each generation."),
        ] = None,
        url: Annotated[
            list[str] | None, typer.Option(help="Where they are served; default: our addresses.")
        ] = None,
        number: Annotated[
            int | None,
            typer.Option(min=0, max=1 << 62, help="Its number alone, when the CRL itself is lost."),
        ] = None,
        config: _Config = _DEFAULT,
        json: _Json = False,
    ) -> int:
        """After a restore: bring back what the last CRL says, and let services start."""

        def command() -> "Report":
            from pki.ports import SystemClock
            from server.commands.backup.confirm import LastCrl, confirm
            from server.report import progress

            last = LastCrl(files=tuple(crl or ()), urls=tuple(url or ()), number=number)
            return confirm(config, last, say=progress, clock=SystemClock())

        return answer(command, as_json=json)

    return restore_confirm
