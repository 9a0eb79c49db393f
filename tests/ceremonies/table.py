"""A table at which a ceremony is held without people: a pseudo-terminal, and who answers."""

import base64
import hashlib
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pki.domain.algorithms import KeyType
from pki.keys.algorithms import generate_private_key, spki
from pki.keys.key_file import write_private_key
from pki.ports import Clock, SystemClock, SystemEntropy
from server.ceremony.run import hold
from server.ceremony.terminal import Stopped
from server.demo.telling.tools import environment
from server.report import Report

OPERATORS = ("A. de Vries", "B. Jansen")
WITNESSES = ("W. Visser", "Y. Smit")
HOLDERS = ("H. Een", "H. Twee", "H. Drie")
PASSPHRASE = "canary-passphrase-of-a-witness"
LIMIT_SECONDS = 300.0
PROMPTS_LIMIT = 200
_WORD = re.compile(r"\b(\d+)\. ([a-z]+)")
_SHOWN = re.compile(r"Share of ([^:\n]+)\. Write it down(.*?)Enter when", re.DOTALL)

Answer = Callable[["Table", re.Match[str]], str]


class Killed(BaseException):
    """The table was overturned at the place the test asked for."""


@dataclass
class Table:
    """One run. ``shares`` are the papers: they outlive a run."""

    folder: Path
    shares: dict[str, dict[str, str]] = field(default_factory=dict)
    kill_at: int | None = None
    stop_at: int | None = None
    replies: dict[str, Answer] = field(default_factory=dict)
    said: str = ""
    prompts: int = 0
    current: str = ""

    def hold(self, plan: Path, *options: str) -> int:
        """Run a ceremony to its end; the exit code."""
        return self.run("run", str(plan), *options)

    def run(self, *arguments: str) -> int:
        self.said, self.prompts = "", 0
        command = [sys.executable, "-m", "server.cli", "ceremony", *arguments]
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(command[0], command, environment())  # noqa: S606 -- a terminal needs a fork
        try:
            self._converse(child, terminal)
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        finally:
            os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _converse(self, child: int, terminal: int) -> None:
        until, answered = time.monotonic() + LIMIT_SECONDS, 0
        while True:
            assert time.monotonic() < until, f"nobody answers: {self.said[-500:]}"
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            try:
                octets = os.read(terminal, 65536)
            except OSError:
                return
            if not octets:
                return
            self.said += octets.decode("utf-8", "replace").replace("\r", "")
            answer = self._answer(self.said[answered:])
            if answer is None:
                continue
            self.prompts += 1
            if self.prompts == self.kill_at:
                os.kill(child, signal.SIGKILL)
                raise Killed
            answered = len(self.said)
            os.write(terminal, f"{answer}\n".encode())

    def _answer(self, heard: str) -> str | None:
        prompt = heard.rpartition("\n")[2]
        # What the test says wins over what is usual.
        for pattern, answer in (*self.replies.items(), *_ANSWERS.items()):
            found = re.fullmatch(pattern, prompt)
            if found is not None:
                return answer(self, found)
        return None

    # The same table without a terminal: a `server.ceremony.terminal.Screen`.

    def say(self, text: str = "") -> None:
        self.said += f"{text}\n"

    def read(self, prompt: str) -> str:
        self.prompts += 1
        self.said += f"{prompt} "
        if self.prompts == self.kill_at:
            raise Killed
        assert self.prompts < PROMPTS_LIMIT, f"it goes round: {self.said[-500:]}"
        answer = "stop" if self.prompts == self.stop_at else self._answer(self.said)
        assert answer is not None, f"nobody answers {prompt!r}"
        self.said += f"{answer}\n"
        return answer

    def read_hidden(self, prompt: str) -> str:
        if self.prompts + 1 == self.stop_at:
            raise Stopped
        answer = self.read(prompt)
        self.said = self.said.removesuffix(f"{answer}\n") + "\n"
        return answer

    def enter_private(self) -> None:
        self.said += "(private)\n"

    def leave_private(self) -> None:
        self.said += "(wiped)\n"

    def hold_here(
        self, plan: Path, *, practice: bool = False, clock: Clock | None = None
    ) -> Report:
        """Run a ceremony in this process."""
        self.said, self.prompts = "", 0
        return hold(
            plan,
            practice=practice,
            screen=self,
            clock=clock or SystemClock(),
            entropy=SystemEntropy(),
        )

    def hold_broken_off(self, plan: Path, at: int) -> bool:
        """Killed at this prompt, then run again; whether it had ended before."""
        self.kill_at = at
        try:
            self.hold_here(plan)
        except Killed:
            self.kill_at = None
            self.hold_here(plan)
            return False
        return True


def _shown(table: Table, _match: re.Match[str]) -> str:
    holder, text = _SHOWN.findall(table.said)[-1]
    words = dict(_WORD.findall(text))
    table.shares[holder] = words
    table.current = holder
    return ""


def _typed(table: Table, _match: re.Match[str]) -> str:
    words = table.shares[table.current]
    return " ".join(words[str(place)] for place in range(1, len(words) + 1))


def _chosen(table: Table, _match: re.Match[str]) -> str:
    listed = table.said.splitlines()
    offered = [each for each in listed[-1 - len(HOLDERS) :] if re.fullmatch(r"    \d\. .+", each)]
    number, _, table.current = offered[0].strip().partition(". ")
    return number


def _key_file(table: Table, match: re.Match[str]) -> str:
    return str(table.folder / f"{match[1].replace(' ', '')}.pem")


_ANSWERS: dict[str, Answer] = {
    r".+ Type Ja or stop: ": lambda _table, _match: "Ja",
    r"Witness .+ Ja or Nee: ": lambda _table, _match: "Ja",
    r"Time in UTC .+: ": lambda _table, _match: f"{SystemClock().now():%H:%M}",
    r".+, come to the screen.+Enter: ": lambda _table, _match: "",
    r"Enter when it is on paper.+: ": _shown,
    r"from word \d+: ": _typed,
    r"Share \d of \d: number of ": _chosen,
    r"(.+): path of your key file: ": _key_file,
    r"Passphrase .+: |Once more: ": lambda _table, _match: PASSPHRASE,
    r".+: passphrase: ": lambda _table, _match: PASSPHRASE,
}


def witness_lines(folder: Path) -> str:
    """Keys for the witnesses, and the plan's lines for them."""
    lines: list[str] = []
    for name, kind in zip(WITNESSES, (KeyType.ED25519, KeyType.P256), strict=True):
        private = generate_private_key(kind)
        path = folder / f"{name.replace(' ', '')}.pem"
        if not path.exists():
            write_private_key(path, private, PASSPHRASE.encode())
        text = base64.b64encode(spki(private.public_key())).decode()
        lines += ["[[people.witnesses]]", f'name = "{name}"', f'public_key = "{text}"']
    return "\n".join(lines)


def window_lines(start: datetime | None = None) -> str:
    """A window of a day around now."""
    begin = start or SystemClock().now() - timedelta(hours=12)
    end = begin + timedelta(hours=24)
    return f"start = {_toml(begin)}\nend = {_toml(end)}"


def der_sha256(pem: Path) -> str:
    """The digest of what a PEM file holds."""
    body = "".join(line for line in pem.read_text().splitlines() if "-----" not in line)
    return hashlib.sha256(base64.b64decode(body)).hexdigest()


def holder_lines(threshold: int = 2) -> str:
    """Who gets a share."""
    quoted = ", ".join(f'"{each}"' for each in HOLDERS)
    return f"holders = [{quoted}]\nthreshold = {threshold}\n"


def key_parts(profile: str, kind: str = "p-256") -> str:
    """The part that makes a key."""
    return f'[key]\nname = "{profile}"\nprofile = "{profile}"\ntype = "{kind}"\n{holder_lines()}'


def issuer_parts(folder: str, name: str, certificate_sha256: str) -> str:
    """The part that names who signs."""
    return (
        f'[issuer]\nname = "{name}"\nfolder = "{folder}"\n'
        f'certificate_sha256 = "{certificate_sha256}"\n'
    )


def write_plan(
    folder: Path,
    name: str,
    parts: str,
    *,
    kind: str,
    witnesses: str,
    window: str = "",
    top: str = "",
) -> Path:
    """A plan for practice, called like the folder it fills."""
    path = folder / f"{name}.toml"
    quoted = ", ".join(f'"{each}"' for each in OPERATORS)
    path.write_text(
        f"""
format = 1
kind = "{kind}"
title = "Practice of {name}"
folder = "{name}"
{top}
[window]
{window or window_lines()}
[ca]
installation = "practice"
operator = "PRACTICE Care"
oid_arc = "2.999.1"
base_url = "http://ca.example"
[people]
operators = [{quoted}]
witnesses_needed = 2
{witnesses}
{parts}
"""
    )
    return path


def _toml(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
