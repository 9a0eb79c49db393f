"""Every check of this project, one after another; each command is printed as it is run.

Started by `python3 bootstrap.py test` with the project's own Python. Exit code 1 if any failed.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOCK = ROOT / "config" / "lock"
ELSEWHERE = "mypy --platform {0} --cache-dir .mypy_cache/{0} card_writer"
STATIC = (
    *("ruff check", "ruff format --check", "mypy"),
    *(ELSEWHERE.format(platform) for platform in ("win32", "darwin")),
    *("lint-imports", "deptry ."),
)
# Files are dealt out whole, slow ones first: what a file sets up once is not set up twice.
PYTEST = "coverage run -m pytest -n 3 --dist loadfile --no-loadscope-reorder"
TESTS = ("coverage erase", PYTEST, "coverage combine -q", "coverage report")
FUZZER = "tests/fuzz/fuzz.py all --seconds 300"


class Result(NamedTuple):
    """How one check ended; `seconds` is its duration."""

    command: str
    verdict: str
    seconds: float


def say(sentence: str) -> None:
    """Print at once, so that it stands before what the next program prints."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def check(command: str) -> Result:
    """Run one command of the project's environment."""
    say(f"\n$ {command}")
    program, *arguments = command.split()
    began = time.monotonic()
    code = subprocess.call([BIN / program, *arguments], cwd=ROOT)
    verdict = "passed" if code == 0 else f"FAILED ({code})"
    return Result(command, verdict, time.monotonic() - began)


@contextmanager
def fuzzed(results: list[Result]) -> Iterator[None]:
    """Fuzz beside what is done within, in the time that it leaves; `results` has how it ended.

    What a crash was found with stays in the folder that is told.
    """
    if importlib.util.find_spec("atheris") is None:
        say("skipped: atheris is built for Linux on x86-64, Python 3.11 to 3.13")
        results.append(Result(FUZZER, "skipped", 0.0))
        yield
        return
    program, *arguments = FUZZER.split()
    command = ["nice", "-n", "10", sys.executable, str(ROOT / program), *arguments]
    folder = Path(tempfile.mkdtemp(prefix="zorgid-fuzzed-"))
    said = folder / "said.txt"
    say(f"\n$ {FUZZER} &")
    began = time.monotonic()
    with (
        said.open("wb") as output,
        subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as fuzzer,
    ):
        yield
        code = fuzzer.wait()
    if code == 0:
        shutil.rmtree(folder)
    else:
        say(f"\n{FUZZER}, in {folder}:\n{said.read_text('utf-8', 'replace')}")
    verdict = "passed" if code == 0 else f"FAILED ({code})"
    results.append(Result(FUZZER, verdict, time.monotonic() - began))


def audited(lock: Path) -> tuple[int, int]:
    """How many packages of `lock` could be looked up, and how many known weaknesses they have."""
    command = [str(BIN / "pip-audit"), "--disable-pip", "--require-hashes", "--timeout", "5"]
    command += ["--progress-spinner", "off", "-f", "json", "-r", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        packages = json.loads(done.stdout or "{}").get("dependencies", [])
    except (subprocess.TimeoutExpired, ValueError):
        return 0, 0
    known = [package for package in packages if "skip_reason" not in package]
    weak = [(package, each["id"]) for package in known for each in package["vulns"]]
    for package, weakness in weak:
        say(f"{package['name']} {package['version']}: {weakness}")
    return len(known), len(weak)


def audit() -> Result:
    """Compare the lock with the known weaknesses.

    pip-audit exits 0 when it could look nothing up, so its exit code says nothing.
    """
    say("\n$ pip-audit")
    began = time.monotonic()
    if audited(LOCK / "bootstrap.txt")[0] == 0:
        say("skipped: the advisory data cannot be reached from here")
        return Result("pip-audit", "skipped", time.monotonic() - began)
    count, weak = audited(LOCK / "all.txt")
    verdict = f"FAILED ({weak})" if weak else "passed"
    return Result(f"pip-audit ({count} packages)", verdict, time.monotonic() - began)


def main() -> int:
    """Run all, then say how each ended."""
    results = [check(command) for command in STATIC]
    results.append(audit())
    with fuzzed(results):
        results.extend(check(command) for command in TESTS)
    say("")
    for result in results:
        say(f"{result.verdict:12} {result.seconds:7.1f} s  {result.command}")
    return int(any(result.verdict.startswith("FAILED") for result in results))


if __name__ == "__main__":
    sys.exit(main())
