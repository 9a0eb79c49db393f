"""What every configuration file is made of: sections, and paths beside the file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


class Section(BaseModel):
    """A section of the file: nothing unknown in it, nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def beside_file(value: Path, info: ValidationInfo) -> Path:
    """The path, absolute; a relative one is relative to the file it stands in."""
    return (Path((info.context or {}).get("directory", ".")) / value).resolve()


def existing_file(value: Path, info: ValidationInfo) -> Path:
    """As `beside_file`.

    Raises:
        ValueError: there is no such file.
    """
    path = beside_file(value, info)
    if not path.is_file():
        raise ValueError(f"file {path} does not exist")
    return path


def existing_folder(value: Path, info: ValidationInfo) -> Path:
    """As `beside_file`.

    Raises:
        ValueError: there is no such folder.
    """
    path = beside_file(value, info)
    if not path.is_dir():
        raise ValueError(f"folder {path} does not exist")
    return path


AnyPath = Annotated[Path, AfterValidator(beside_file)]
ExistingFile = Annotated[Path, AfterValidator(existing_file)]
ExistingFolder = Annotated[Path, AfterValidator(existing_folder)]
