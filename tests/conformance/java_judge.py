"""Asks Java what it makes of certificates and CRLs: see tests/java/Judge.java for what to ask."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from peers import program

JUDGE = Path(__file__).parents[1] / "java" / "Judge.java"


def judged(questions: Sequence[str], folder: Path) -> list[str]:
    """One answer for each question, in one start of Java; files are named within ``folder``."""
    java = program("java")
    assert java is not None
    done = subprocess.run(
        # It starts a virtual machine and a compiler for a second's work: the first tier is enough.
        [str(java), "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m", str(JUDGE)],
        input="\n".join(questions) + "\n",
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    answers = done.stdout.splitlines()
    assert (done.returncode, len(answers)) == (0, len(questions)), done.stdout + done.stderr
    return answers
