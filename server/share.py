"""The data installed beside the program: profiles, LDAP schema, the example configuration."""

import shutil
import sys
from pathlib import Path
from typing import Final

from pki.domain.errors import EnvironmentMissing

_FOLDER: Final = "zorgid-token-ca"


def share_folder() -> Path:
    """The installed share folder of this environment.

    Raises:
        EnvironmentMissing: the program was copied without its data.
    """
    folder = Path(sys.prefix) / "share" / _FOLDER
    if not (folder / "profiles").is_dir():
        raise EnvironmentMissing(
            message=f"the program's data folder {folder} is missing",
            next_step="install the package again: python3 bootstrap.py setup",
        )
    return folder


def copy_share(name: str, target: Path) -> None:
    """Copy one folder of the share, files only, into a new folder of an installation."""
    target.mkdir(mode=0o700, parents=True)
    for path in sorted((share_folder() / name).iterdir()):
        if path.is_file():
            shutil.copyfile(path, target / path.name)
