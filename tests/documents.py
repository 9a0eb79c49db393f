"""Documents whose examples are run as they stand.

A block marked ``sh`` is run by bash; a block marked ``text`` right after it is what it prints, with
``…`` for anything (a line of its own: any lines). A block that is one `zorgid serve` goes on beside
the others. Addresses and paths of a default installation are replaced in `Reader.placed`, and
nowhere else.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installed.practice import Practice
from installed.program import START_SECONDS, Running
from server.demo.telling.tools import environment

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / ".venv" / "bin"
FOLDER = "/srv/zorgid"

_BLOCK = re.compile(
    r"^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$|^<!-- (?P<mark>[^\n]+) -->$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One block: what is run, what it prints, or a mark where the story goes on elsewhere."""

    kind: str
    text: str
    printed: str | None = None


def examples(path: str) -> list[Example]:
    """The blocks of a document, each with what it prints."""
    found = [
        Example(kind="mark", text=match["mark"])
        if match["mark"]
        else Example(kind=match["kind"], text=match["text"])
        for match in _BLOCK.finditer((ROOT / path).read_text("utf-8"))
    ]
    return list(_with_output(found))


def _with_output(found: list[Example]) -> Iterator[Example]:
    for each, following in zip(found, [*found[1:], None], strict=True):
        if each.kind == "sh" and following is not None and following.kind == "text":
            yield Example(kind="sh", text=each.text, printed=following.text)
        elif each.kind != "text":
            yield each


def agrees(expected: str, printed: str) -> bool:
    """Whether what was printed is what the document shows."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else _line_pattern(line) + r"\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, printed) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(re.escape(piece) for piece in line.split("…"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who does what the documents say, in the folder of an installation."""

    practice: Practice

    def placed(self, text: str) -> str:
        """The one place where a document's defaults become this test's folder and ports."""
        base, folder = self.practice.ports.base, str(self.practice.layout.root)
        for offset in range(4):
            text = text.replace(f":{8080 + offset}", f":{base + offset}")
        text = text.replace(".venv/bin/zorgid", "zorgid")
        text = text.replace(f"init {FOLDER}", f"init {folder} --port-base {base}")
        return text.replace(FOLDER, folder)

    def run(self, example: Example) -> str:
        """Run a block to its end, hold it to what it should print, and give that."""
        ran = self.bash(self.placed(example.text))
        said = f"{example.text}\n=> {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        if ran.returncode != 0:
            raise AssertionError(said)
        if example.printed is not None and not agrees(example.printed, ran.stdout):
            raise AssertionError(f"the document shows\n{example.printed}\nbut\n{said}")
        return ran.stdout

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        """A script, in the folder of the installation or, before it is there, beside it."""
        root = self.practice.layout.root
        kept = {name: value for name, value in environment().items() if name != "ZORGID_CONFIG"}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=root if root.is_dir() else root.parent,
            env=kept | {"PATH": f"{PROGRAMS}:{kept['PATH']}"},
            timeout=START_SECONDS,
        )

    def serve(self, example: Example) -> Running:
        """Start `zorgid serve` as it stands, and wait until it is ready."""
        words = self.placed(example.text).split()
        if words[:2] != ["zorgid", "serve"]:
            raise AssertionError(f"not one server: {example.text}")
        server = self.practice.spawn(*words[1:])
        server.until_ready(self.practice.metrics_port)
        return server
