"""Backups of a practice installation."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backup_material import write_recipient
from practice import Practice
from server.cli import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup and who can open it."""

    file: Path
    key: Path
    other_key: Path
    stranger: Path
    practice: Practice


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.stdout)
        return value


def answered(*words: str) -> Answer:
    """The command line in this process, which is much quicker than a program of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return Answer(code=code, stdout=out.getvalue(), stderr=err.getvalue())


def asked(*words: str) -> dict[str, Any]:
    """A command that succeeds; its result."""
    answer = answered(*words, "--json")
    assert answer.code == 0, answer.stdout + answer.stderr
    result: dict[str, Any] = answer.json["result"]
    return result


def backed_up(practice: Practice, file: Path, *recipients: Path) -> dict[str, Any]:
    to = [word for path in recipients for word in ("--to", str(path))]
    return asked("backup", str(file), *to, "-c", str(practice.config))


@pytest.fixture(scope="module")
def kept(module_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("backup")
    certificate, key = write_recipient(folder, "first")
    other, other_key = write_recipient(folder, "second")
    _, stranger = write_recipient(folder, "stranger")
    file = folder / "backup.cms"
    backed_up(module_practice, file, certificate, other)
    return Kept(
        file=file, key=key, other_key=other_key, stranger=stranger, practice=module_practice
    )
