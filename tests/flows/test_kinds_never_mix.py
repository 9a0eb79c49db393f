"""A configuration of one kind does not serve the store of another."""

import pytest

from installed.practice import Practice

pytestmark = pytest.mark.slow


def test_a_status_node_of_another_kind_does_not_start(practice: Practice) -> None:
    practice.change(('kind = "practice"', 'kind = "acceptance"'))
    for role in ("status", "publisher"):
        done = practice.zorgid("serve", "--config", str(practice.config), "--role", role)
        assert done.returncode == 2, done.stderr
        assert "says acceptance; the store is of practice" in done.stderr
        assert "kinds never mix" in done.stderr
