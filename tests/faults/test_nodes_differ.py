"""A second issuing node that has other profiles, or another time, than the first."""

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from installed.nursery import Nursery
from installed.practice import Practice
from installed.program import fetched, until
from installed.two_issuers import two_installations
from server.cli import run

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

WRONG_CLOCK = """
from datetime import timedelta
import pki.ports

class Wrong(pki.ports.SystemClock):
    def now(self):
        return super().now() + timedelta(seconds=61)

pki.ports.SystemClock = Wrong
from server.cli import main
main()
"""
"""`zorgid` on a computer whose clock is a minute ahead."""


@pytest.fixture(scope="module")
def second(
    module_practice: Practice, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Practice]:
    """Not running; the first is."""
    folder = tmp_path_factory.mktemp("second") / "installation"
    with (
        two_installations(module_practice, folder) as (_, _, other),
        nursery.serving(module_practice),
    ):
        yield other


def test_one_whose_clock_is_a_minute_from_the_others_does_not_start(
    second: Practice, tmp_path: Path
) -> None:
    script = tmp_path / "wrong_clock.py"
    script.write_text(WRONG_CLOCK, "utf-8")
    with second.spawn("serve", "--config", str(second.config), script=script) as server:
        assert server.ended() == 1
        assert "this clock and the database's differ by 61 s" in server.log
        assert "next: set both by NTP" in server.log


def counted(node: Practice) -> bool:
    text = fetched(f"http://127.0.0.1:{node.metrics_port}/metrics")
    return b"zorgid_nodes_that_differ 2" in text


def test_one_with_other_profiles_is_named_by_both(
    module_practice: Practice, second: Practice, nursery: Nursery
) -> None:
    profile = second.layout.root / "profiles" / "card-p256.toml"
    profile.write_text(profile.read_text("utf-8") + "# of another release\n", "utf-8")
    both = (module_practice, second)
    with nursery.serving(second):
        for each in both:
            until(partial(counted, each), "both count two that differ")
        with redirect_stdout(StringIO()) as printed:
            assert run(["doctor", "--json", "--config", str(module_practice.config)]) == 1
    findings = json.loads(printed.getvalue())["result"]["findings"]
    (differing,) = (one for one in findings if "have different profiles" in one["text"])
    assert differing["level"] == "problem"
    assert all(str(one.layout.root / "locks") in differing["text"] for one in both)
    assert "compare the folders" in differing["next_step"]
