"""How commands answer: text for people, or one JSON object on standard output for scripts.

Exit codes: 0 done, 1 a finding or a refusal, 2 wrong use or configuration, 3 this machine lacks
something, 4 something could not be reached.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pki.domain.errors import (
    ConfigurationInvalid,
    EnvironmentMissing,
    Malformed,
    Unavailable,
    ZorgidError,
)

DONE: Final = 0
FINDING: Final = 1
USAGE: Final = 2
ENVIRONMENT: Final = 3
UNREACHABLE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a command found: ``result`` for scripts, ``lines`` for people; the exit code."""

    result: Mapping[str, Any]
    lines: Sequence[str]
    code: int = DONE


def show(report: Report, *, as_json: bool) -> int:
    """Print a report and give its exit code."""
    if as_json:
        _print_json({"ok": report.code == DONE, "result": report.result})
    else:
        sys.stdout.writelines(f"{line}\n" for line in report.lines)
    return report.code


def show_error(error: ZorgidError, *, as_json: bool) -> int:
    """Print an error with its next step and give the exit code of its kind."""
    code = exit_code(error)
    if as_json:
        described = {"type": error.code, "message": error.message, "next": error.next_step}
        _print_json({"ok": False, "error": described})
        return code
    sys.stderr.write(f"zorgid: {error.message}\n")
    if error.next_step:
        sys.stderr.write(f"  next: {error.next_step}\n")
    return code


def exit_code(error: ZorgidError) -> int:
    """Which exit code an error gives."""
    match error:
        case ConfigurationInvalid() | Malformed():
            return USAGE
        case EnvironmentMissing():
            return ENVIRONMENT
        case Unavailable():
            return UNREACHABLE
        case _:
            return FINDING


def progress(text: str) -> None:
    """Say on standard error what is being done."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _print_json(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
