"""A TOML file becomes a checked object, or an error that names the key to mend."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from pki.domain.errors import ConfigurationInvalid
from pki.settings.types import Section

Whole = TypeVar("Whole", bound=Section)


def read_toml(path: Path, *, missing: str) -> dict[str, Any]:
    """The file, parsed; ``missing`` says what to do when it cannot be read.

    Raises:
        ConfigurationInvalid: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"configuration {path} cannot be read: {error.strerror}",
            next_step=missing,
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"configuration {path} is not TOML: {error}",
            next_step="mend that line",
        ) from error


def checked(kind: type[Whole], document: dict[str, Any], *, directory: Path) -> Whole:
    """A parsed file as an object of ``kind``; paths in it are relative to ``directory``.

    Raises:
        ConfigurationInvalid: a setting is unknown, missing or unsafe; names the first such key.
    """
    try:
        return kind.model_validate(document, context={"directory": directory})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(piece) for piece in first["loc"]) or "configuration"
        raise ConfigurationInvalid(
            key=key,
            message=f"setting {key}: {first['msg'].removeprefix('Value error, ')}",
            next_step=f"correct {key} in the configuration",
        ) from None
