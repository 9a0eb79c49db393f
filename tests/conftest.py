"""Registers the shared fixtures and holds tests to the programs they need."""

import os
import signal
import tempfile
from collections.abc import Iterator
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

# A shell ignores SIGINT in what it starts in the background, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Repeatable by default: the same examples on every computer, and no time limit on a busy one.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, max_examples=5000, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


UNMEASURED = {
    # Programs that are not ours: to watch them for our lines takes two thirds of their time.
    *("test_api_schemathesis", "test_packaging"),
    # Load, deaths and long stories, through code that shorter flows walk and measure.
    *("test_exact_answers", "test_exact_killed", "test_five_views", "test_flat_after_abuse"),
    *("test_killed_anywhere", "test_mobiel_ca_lost", "test_secrets_stay"),
}


@pytest.fixture(autouse=True, scope="module")
def children_unmeasured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Coverage is not taken in the processes that these modules and those of `faults` start."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.stem in UNMEASURED or request.path.parent.name == "faults":
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in PEERS:
        if item.get_closest_marker(name) is not None:
            require(name)
