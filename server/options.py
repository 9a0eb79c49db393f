"""Options that commands share, as they are typed; loads the command line's library alone."""

from pathlib import Path
from typing import Annotated, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
CONFIG_HELP: Final = "Configuration file."
Config = Annotated[Path, typer.Option("--config", "-c", help=CONFIG_HELP, envvar="ZORGID_CONFIG")]
DEFAULT_CONFIG: Final = Path("zorgid.toml")
