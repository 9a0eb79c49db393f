"""How commands answer: text for people, or one JSON object on standard output for scripts.

Exit codes: 0 done, 1 a finding or a refusal, 2 wrong use or configuration, 3 this machine lacks
something, 4 something could not be reached.
"""

import errno
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from traceback import format_tb
from typing import Any, Final

from pki.domain.errors import (
    ConfigurationInvalid,
    Conflict,
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

_OTHERWISE: Final = {
    FINDING: "see what zorgid doctor says of this installation",
    USAGE: "see zorgid --help, and docs/operations.md",
    ENVIRONMENT: "see what zorgid doctor says of this computer",
    UNREACHABLE: "try again in a moment; zorgid doctor says what cannot be reached",
}
"""The next step of an error that names none."""

_IN_USE: Final = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})


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
    next_step = error.next_step or _OTHERWISE[code]
    show_failure(error.code, error.message, next_step, as_json=as_json)
    return code


def show_failure(kind: str, message: str, next_step: str, *, as_json: bool) -> None:
    """Print what went wrong: a JSON object on standard output, or text on standard error."""
    if as_json:
        described = {"type": kind, "message": message, "next": next_step}
        _print_json({"ok": False, "error": described})
    else:
        sys.stderr.write(f"zorgid: {message}\n  next: {next_step}\n")


def show_defect(error: BaseException, *, as_json: bool) -> int:
    """Print where a failure that nobody thought of comes from, and give its exit code.

    Without its text, which may quote what a library was given: what a service prints is kept.
    """
    sys.stderr.writelines(_whence(error))
    show_failure(
        "error",
        f"unexpected failure: {type(error).__name__}",
        "report it with the text on standard error (SECURITY.md says what never to send)",
        as_json=as_json,
    )
    return FINDING


def _whence(error: BaseException) -> Iterator[str]:
    """The frames of each error and its kind; what it came of goes before it."""
    context = None if error.__suppress_context__ else error.__context__
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (error.__cause__ or context, *inner):
        if each is not None:
            yield from _whence(each)
    yield from format_tb(error.__traceback__)
    yield f"{type(error).__name__}\n"


def of_system(error: OSError) -> ZorgidError:
    """What the operating system refused, as an error that says what to do."""
    why = error.strerror or type(error).__name__
    if error.errno in _IN_USE:
        return Conflict(
            message=f"an address cannot be listened on: {why}",
            next_step="stop the program that has the port, or change that listen in the "
            "configuration",
        )
    if error.errno in _FULL:
        return Unavailable(message=why, next_step="make room on this computer, then repeat it")
    if error.filename is not None:
        return ConfigurationInvalid(
            key=str(error.filename),
            message=f"{error.filename} cannot be used: {why}",
            next_step="name a path that exists and that this user may read and write",
        )
    return Unavailable(message=why)


def run_report(command: Callable[[], Report], *, as_json: bool) -> int:
    """Do it, print what it found or how it failed, and give the exit code."""
    return guarded(lambda: show(command(), as_json=as_json), as_json=as_json)


def guarded(command: Callable[[], int], *, as_json: bool) -> int:
    """As `run_report`, of what shows by itself what it found and gives the exit code."""
    try:
        return command()
    except ZorgidError as error:
        return show_error(error, as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        return show_error(of_system(error), as_json=as_json)


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
