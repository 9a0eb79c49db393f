"""Coverage-guided fuzzing of the OCSP responder, the HTTP edge before it, and all other parsers.

    python tests/fuzz/fuzz.py {ocsp_request,http,parsers,all} [--seconds N] [--seed N] [--keep]

``all`` gives each an equal part of the seconds, 300 if nothing is said.
It begins with the named cases and with what earlier runs found (tests/corpus), and stops at the
first crash, hang (5 s for one input) or wrong answer, whose octets are left in a file that it
names. With --keep, what reached something new is added to the corpus.
"""

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
MODULES: Final = {
    "ocsp_request": "fuzzed.requests",
    "http": "fuzzed.http",
    "parsers": "fuzzed.parsers",
}
LONGEST: Final = 1024
INSTRUMENTED: Final = [
    "pki.der",
    "pki.trust",
    "pki.api",
    "pki.domain",
    "ocsp",
    "server.status_http",
    "server.status_listener",
    "server.setting",
    "card_writer.piv",
    "ca.ceremony.reading",
    "ca.profiles",
    "pki.settings",
]
CHILD: Final = "--child"


def main() -> int:
    """Prepare the seeds, fuzz in a process of its own, keep what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=[*sorted(MODULES), "all"])
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    whole = asked.target == "all"
    targets = sorted(MODULES) if whole else [asked.target]
    seconds = (asked.seconds or (300 if whole else 60)) // len(targets)
    codes = [one(each, seconds, asked.seed, keep=asked.keep) for each in targets]
    return next(filter(None, codes), 0)


def one(target: str, seconds: int, seed: int, *, keep: bool) -> int:
    """Fuzz one target; its exit code."""
    corpus = importlib.import_module("fuzzed.corpus")
    module = importlib.import_module(MODULES[target])
    begun_with = [*module.seeds(), *corpus.read(target)]
    with tempfile.TemporaryDirectory() as folder:
        found, words = Path(folder) / "found", Path(folder) / "words"
        found.mkdir()
        corpus.unpack(begun_with, found)
        words.write_text("".join(f"{quoted(each)}\n" for each in module.WORDS), "ascii")
        limits = [f"-max_total_time={seconds}", f"-seed={seed}", f"-dict={words}"]
        code = fuzz(target, *limits, str(found))
        if code == 0 and keep:
            reached = {path.read_bytes() for path in found.iterdir()} - set(module.seeds())
            sys.stdout.write(f"{corpus.keep(target, reached)} inputs kept\n")
    return code


def quoted(word: bytes) -> str:
    """A word as libFuzzer's dictionaries want it."""
    return '"' + "".join(f"\\x{octet:02x}" for octet in word) + '"'


def fuzz(target: str, *arguments: str) -> int:
    """Run libFuzzer, which ends its process itself."""
    command = [sys.executable, __file__, CHILD, target, f"-max_len={LONGEST}"]
    return subprocess.call([*command, "-timeout=5", "-print_final_stats=1", *arguments])


def child(target: str, *arguments: str) -> None:
    """Fuzz, and never return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        module = importlib.import_module(MODULES[target])
    atheris.Setup([target, *arguments], module.Target())
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path[:1] = [str(TESTS.parent), str(TESTS)]
    if sys.argv[1:2] == [CHILD]:
        child(*sys.argv[2:])
    sys.exit(main())
