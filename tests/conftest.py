"""Registers the shared fixtures and holds tests to the programs they need."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from peers import PEERS, require

# Whoever adds tests/fixtures/<subject>.py has its fixtures everywhere.
_FIXTURES = (Path(__file__).parent / "fixtures").glob("*.py")
pytest_plugins = sorted(f"fixtures.{path.stem}" for path in _FIXTURES)

# Tests start the program hundreds of times: what one of them compiles, all of them load.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if "PYTHONPYCACHEPREFIX" not in os.environ:
    _COMPILED = tempfile.TemporaryDirectory(prefix="zorgid-compiled-")
    os.environ["PYTHONPYCACHEPREFIX"] = _COMPILED.name

# Repeatable by default: the same examples on every computer, and no time limit on a busy one.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, max_examples=5000, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in PEERS:
        if item.get_closest_marker(name) is not None:
            require(name)
