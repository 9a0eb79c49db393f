"""The fuzzers: five minutes of them in CI, a few seconds elsewhere, hours by hand (tests/fuzz)."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from status_side.house import run

FUZZ = Path(__file__).resolve().parents[1] / "fuzz" / "fuzz.py"
TARGETS = ("ocsp_request", "http", "parsers")
SECONDS = 300 // len(TARGETS) if os.environ.get("CI") else 3
MISSING = importlib.util.find_spec("atheris") is None


@pytest.mark.skipif(MISSING, reason="atheris is built for Linux on x86-64, Python 3.11 to 3.13")
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("target", TARGETS)
async def test_a_run_finds_nothing(target: str, tmp_path: Path) -> None:
    command = (sys.executable, FUZZ, target, "--seconds", str(SECONDS))
    said = await run(*command, folder=tmp_path)
    assert "DONE" in said
