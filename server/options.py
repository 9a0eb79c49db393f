"""What commands share, as it is typed and shown; loads the command line's library alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
CONFIG_HELP: Final = "Configuration file."
Config = Annotated[Path, typer.Option("--config", "-c", help=CONFIG_HELP, envvar="ZORGID_CONFIG")]
DEFAULT_CONFIG: Final = Path("zorgid.toml")


class Commands(TyperGroup):
    """Lists commands with the whole of their first sentence, where the library cuts it off."""

    SECTIONS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Title and names, in the order of reading; what no section names is listed last."""

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write each section, with one width of names for all of them."""
        there = self.list_commands(ctx)
        named = {name for names in self.SECTIONS.values() for name in names}
        rest = tuple(name for name in there if name not in named)
        width = max(map(len, there), default=0)
        for title, names in {**self.SECTIONS, "Commands": rest}.items():
            if names:
                with formatter.section(title):
                    formatter.write_dl([(f"{name:{width}}", self._said(name)) for name in names])

    def _said(self, name: str) -> str:
        return self.commands[name].get_short_help_str(limit=500)
