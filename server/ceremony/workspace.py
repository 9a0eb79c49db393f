"""A ceremony's folder: its transcript, and files that appear only after the transcript names them.

A file is first a draft under a hidden name; the line ``made`` with its digest is written durably;
then it gets its name. After a crash a draft without a line is removed and one with a line gets its
name: there are no half-made files, and none that the transcript does not know.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ca.ceremony.outputs import Role, outputs, transcript_name
from ca.ceremony.plan import Plan
from ca.ceremony.state import State
from ca.ceremony.transcript import Kind, Line, following, read_lines, whole_lines
from pki.domain.errors import AlreadyRunning, Conflict, IntegrityBroken
from pki.ports import Clock
from server.files import write_new

DRAFT: Final = ".draft-"
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file that is about to be named in the transcript."""

    role: Role
    name: str


class Workspace:
    """The one writer of a ceremony's folder; made by `open`."""

    def __init__(self, folder: Path, plan: Plan, clock: Clock, lock: int) -> None:
        self.folder = folder
        self._transcript = folder / transcript_name(plan)
        self._clock = clock
        self._lock = lock
        self._lines: list[Line] = []

    @classmethod
    def open(cls, folder: Path, plan: Plan, clock: Clock) -> Self:
        """Take the folder for this run: a new one, or one whose transcript is of an earlier run.

        Raises:
            Conflict: files are there that this plan would make, or that are nobody's.
            AlreadyRunning: another run has it now.
            ChainBroken, IntegrityBroken: the transcript or a file was changed.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        workspace = cls(folder, plan, clock, _locked(folder / _LOCK))
        try:
            workspace.recover(plan)
        except BaseException:
            workspace.close()
            raise
        return workspace

    @property
    def state(self) -> State:
        """What has happened so far."""
        return State(lines=tuple(self._lines))

    def path(self, name: str) -> Path:
        """A file of the folder."""
        return self.folder / name

    def draft_path(self, name: str) -> Path:
        """Where a file is before the transcript names it."""
        return self.folder / f"{DRAFT}{name}"

    def append(self, kind: str, data: Mapping[str, Any]) -> Line:
        """Write one line, durably."""
        line = following(self._lines, at=self._clock.now(), kind=kind, data=data)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._transcript, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(line.octets)
            file.flush()
            os.fsync(descriptor)
        self._lines.append(line)
        return line

    def write_draft(self, role: Role, name: str, octets: bytes) -> Draft:
        """A new draft with this content."""
        path = self.draft_path(name)
        path.unlink(missing_ok=True)
        write_new(path, octets)
        return Draft(role=role, name=name)

    def commit(self, drafts: Sequence[Draft], **about: str) -> None:
        """Name the drafts in the transcript, all in one line, then give them their names."""
        files = [
            {
                "name": each.name,
                "role": each.role.name.lower(),
                "sha256": file_sha256(self.draft_path(each.name)),
            }
            for each in drafts
        ]
        _make_durable(self.folder)
        self.append(Kind.MADE, {"files": files, **about})
        self._name_files()

    def inventory(self) -> dict[str, str]:
        """Every visible file but the transcript, with its digest."""
        return {
            path.name: file_sha256(path)
            for path in sorted(self.folder.iterdir())
            if path.is_file() and path != self._transcript and not path.name.startswith(".")
        }

    def recover(self, plan: Plan) -> None:
        """Bring folder and transcript into agreement; see `open` for what is refused."""
        if not self._transcript.exists():
            self._refuse_strangers(plan)
            return
        octets = self._transcript.read_bytes()
        whole = whole_lines(octets)
        self._lines = list(read_lines(whole)) if whole else []
        if len(whole) < len(octets):
            os.truncate(self._transcript, len(whole))
        self._name_files()
        # The second form is a key file's own draft, before it becomes one of ours.
        for pattern in (f"{DRAFT}*", f".{DRAFT}*"):
            for path in self.folder.glob(pattern):
                path.unlink()
        self._check_files()

    def close(self) -> None:
        """Let another run have the folder."""
        with contextlib.suppress(OSError):
            os.close(self._lock)

    def _refuse_strangers(self, plan: Plan) -> None:
        planned = set(outputs(plan).values())
        there = {path.name for path in self.folder.iterdir()} - {_LOCK}
        if there & planned:
            name = min(there & planned)
            raise Conflict(
                message=f"{name} exists in {self.folder.name}; nothing is ever replaced",
                next_step="give the plan a folder of its own",
            )
        if there:
            raise Conflict(
                message=f"{self.folder.name} holds {min(there)}, which is of no ceremony",
                next_step="give the plan a folder of its own",
            )

    def _name_files(self) -> None:
        for each in self.state.files:
            path, draft = self.path(each.name), self.draft_path(each.name)
            if not path.exists() and draft.exists() and file_sha256(draft) == each.sha256:
                # A link appears whole and fails on an existing name, as a rename would not.
                os.link(draft, path)
            if path.exists():
                draft.unlink(missing_ok=True)
        _make_durable(self.folder)

    def _check_files(self) -> None:
        for each in self.state.files:
            path = self.path(each.name)
            if not path.exists() or file_sha256(path) != each.sha256:
                raise IntegrityBroken(
                    message=f"{each.name} is not what the transcript says was made",
                    next_step="do not go on; find out who changed the folder",
                )


def file_sha256(path: Path) -> str:
    """The digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def opened(folder: Path, plan: Plan, clock: Clock) -> Iterator[Workspace]:
    """`Workspace.open` for the length of a block."""
    workspace = Workspace.open(folder, plan, clock)
    try:
        yield workspace
    finally:
        workspace.close()


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(
            message="this ceremony is being held in another terminal",
            next_step="go on there, or stop it there",
        ) from None
    return descriptor


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
