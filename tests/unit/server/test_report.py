"""How commands answer: exit codes, JSON, and a next step whatever went wrong."""

import errno
import json
from dataclasses import fields
from typing import Any

import pytest

from pki.domain import errors
from pki.domain.errors import (
    AlreadyRunning,
    ChainBroken,
    ConfigurationInvalid,
    Conflict,
    DirectoryUnavailable,
    EnvironmentMissing,
    Malformed,
    NotFound,
    SchemaMismatch,
    StoreUnavailable,
    ZorgidError,
)
from pki.domain.reasons import RefusalReason
from server.report import Report, exit_code, of_system, progress, show, show_error

EVERY_KIND = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ZorgidError)
]
FIELDS: dict[str, Any] = {"position": 3, "findings": ("one",), "reason": RefusalReason.CARD_STATE}


def made(kind: type[ZorgidError], next_step: str = "") -> ZorgidError:
    needed = {each.name: FIELDS.get(each.name, "x") for each in fields(kind)}
    return kind(**(needed | {"message": "it went wrong", "next_step": next_step}))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound(what="card", message=""), 1),
        (Conflict(message=""), 1),
        (AlreadyRunning(message=""), 1),
        (ChainBroken(position=1, message=""), 1),
        (SchemaMismatch(message=""), 1),
        (ConfigurationInvalid(key="x", message=""), 2),
        (Malformed(what="x", message=""), 2),
        (EnvironmentMissing(message=""), 3),
        (StoreUnavailable(message=""), 4),
        (DirectoryUnavailable(message=""), 4),
    ],
)
def test_exit_codes(error: ZorgidError, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_error_says_a_next_step(
    kind: type[ZorgidError], capsys: pytest.CaptureFixture[str]
) -> None:
    code = show_error(made(kind), as_json=True)
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document == {
        "ok": False,
        "error": {
            "type": kind.code,
            "message": "it went wrong",
            "next": document["error"]["next"],
        },
    }
    assert document["error"]["next"]
    assert (code in {1, 2, 3, 4}, err) == (True, "")


def test_its_own_next_step_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_error(made(Conflict, "wait"), as_json=False) == 1
    assert capsys.readouterr() == ("", "zorgid: it went wrong\n  next: wait\n")


def test_a_report_is_one_object_or_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(result={"naam": "Zoë"}, lines=["one", "two"], code=1)
    progress("looking")
    assert show(report, as_json=True) == 1
    assert show(report, as_json=False) == 1
    out, err = capsys.readouterr()
    assert out == '{"ok": false, "result": {"naam": "Zoë"}}\none\ntwo\n'
    assert err == "looking\n"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(errno.EADDRINUSE, "in use by 127.0.0.1:80"), Conflict, "127.0.0.1:80"),
        (PermissionError(errno.EACCES, "no", "/x"), ConfigurationInvalid, "/x"),
        (FileNotFoundError(errno.ENOENT, "no", "/x"), ConfigurationInvalid, "/x"),
        (OSError(errno.ENOSPC, "full", "/x"), errors.Unavailable, "full"),
        (ConnectionResetError(), errors.Unavailable, "ConnectionResetError"),
    ],
)
def test_what_the_system_refuses(error: OSError, kind: type[ZorgidError], said: str) -> None:
    found = of_system(error)
    assert type(found) is kind
    assert said in found.message
