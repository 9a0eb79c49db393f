"""A TOML file becomes a checked object, or an error that names the key to mend."""

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pki.domain.errors import ConfigurationInvalid
from pki.settings.types import Section

Whole = TypeVar("Whole", bound=Section)

_UNSHOWN: Final = ("pin", "pass", "secret", "credential", "postgresql")
"""Pieces of names of settings whose value, if it is wrong, may be a secret in the wrong place."""

_LONGEST_SHOWN: Final = 80
_ANOTHERS: Final = "repeat it as the user whose file it is, or let this one read it"


def read_toml(path: Path, *, missing: str) -> dict[str, Any]:
    """The file, parsed; ``missing`` says what to do when it cannot be read or holds nothing.

    Raises:
        ConfigurationInvalid: it cannot be read, is empty, or is not TOML.
    """
    try:
        octets = path.read_bytes()
    except OSError as error:
        next_step = _ANOTHERS if isinstance(error, PermissionError) else missing
        raise _invalid(path, f"cannot be read: {error.strerror}", next_step) from error
    return parse_toml(octets, path, missing=missing)


def parse_toml(octets: bytes, path: Path, *, missing: str) -> dict[str, Any]:
    """What a file at ``path`` holds. A mark that some editors put before UTF-8 text is passed over.

    Raises:
        ConfigurationInvalid: it is empty, or not TOML.
    """
    try:
        document = tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise _invalid(
            path, f"is not UTF-8 text (line {line})", "save it anew, as UTF-8 and nothing else"
        ) from error
    except RecursionError as error:
        raise _invalid(path, "nests too deeply", "write it as the example is written") from error
    except ValueError as error:
        # Also of a number with thousands of digits, which is no TOMLDecodeError.
        raise _invalid(path, f"is not TOML: {error}", "mend that line") from error
    if not document:
        raise _invalid(path, "is empty", missing)
    return document


def _invalid(path: Path, why: str, next_step: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=str(path), message=f"configuration {path} {why}", next_step=next_step
    )


def checked(kind: type[Whole], document: dict[str, Any], *, directory: Path) -> Whole:
    """A parsed file as an object of ``kind``; paths in it are relative to ``directory``.

    Raises:
        ConfigurationInvalid: a setting is unknown, missing or unsafe; names the first such key. One
        that is unknown goes before all others: a wrong name also leaves the right one missing.
    """
    try:
        return kind.model_validate(document, context={"directory": directory})
    except ValidationError as error:
        found = error.errors(include_url=False)
        unknown = (each for each in found if each["type"] == "extra_forbidden")
        raise _setting(kind, next(unknown, found[0])) from None


def _setting(kind: type[Section], error: ErrorDetails) -> ConfigurationInvalid:
    key = ".".join(map(str, error["loc"])) or "configuration"
    match error["type"]:
        case "extra_forbidden":
            wrong, step = " is unknown", f"take {key} out"
            like = _likest(kind, error["loc"])
            if like is not None:
                step = f"did you mean {like}? if not, {step}"
        case "missing":
            wrong, step = " is missing", f"add {key}, as the example configuration has it"
        case _:
            said = error["msg"].removeprefix("Value error, ")
            wrong, step = f": {said}{_shown(error)}", f"correct {key} in the configuration"
    return ConfigurationInvalid(key=key, message=f"setting {key}{wrong}", next_step=step)


def _likest(kind: type[Section], location: Sequence[int | str]) -> str | None:
    """The setting that may have been meant, with its whole name."""
    *section, name = map(str, location)
    found = difflib.get_close_matches(name, _names(kind, section), n=1)
    return ".".join((*section, *found)) if found else None


def _names(kind: type[Section], path: Sequence[str]) -> list[str]:
    """Of the settings of the section at ``path``."""
    for piece in path:
        if not piece.isdigit():
            field = kind.model_fields.get(piece)
            kind = next(_sections(field and field.annotation), Section)
    return list(kind.model_fields)


def _sections(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for each in get_args(annotation):
        yield from _sections(each)


def _shown(error: ErrorDetails) -> str:
    """The value, where it tells something and cannot be a secret."""
    value, name = error["input"], str(error["loc"][-1:]).lower()
    if not isinstance(value, (str, int, float)) or any(each in name for each in _UNSHOWN):
        return ""
    text = repr(value)
    if len(text) > _LONGEST_SHOWN or str(value) in error["msg"]:
        return ""
    return f" (it is {text})"
