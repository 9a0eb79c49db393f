"""A short, repeatable run of the fuzzers; longer ones are started by hand (tests/fuzz/fuzz.py)."""

import importlib.util
import sys
from pathlib import Path

import pytest

from status_house import run

FUZZ = Path(__file__).resolve().parents[1] / "fuzz" / "fuzz.py"
MISSING = importlib.util.find_spec("atheris") is None


@pytest.mark.skipif(MISSING, reason="atheris is built for Linux on x86-64, Python 3.11 to 3.13")
@pytest.mark.parametrize("target", ["ocsp_request", "http", "parsers"])
async def test_a_short_run_finds_nothing(target: str, tmp_path: Path) -> None:
    command = (sys.executable, FUZZ, target, "--seconds", "3")
    said = await run(*command, folder=tmp_path)
    assert "DONE" in said
