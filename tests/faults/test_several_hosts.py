"""An installation on several hosts whose links, databases and directories fail."""

from collections.abc import Iterator

import pytest

from hosts_house import House
from hosts_made import house
from nursery import Nursery
from practice import Practice
from sound import Change

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.postgres,
    pytest.mark.slapd,
    pytest.mark.openssl,
    pytest.mark.slow,
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def all_hosts(
    module_practice: Practice, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """One installation for all tests here; each leaves it whole."""
    with house(module_practice, tmp_path_factory.mktemp("hosts"), nursery) as made:
        yield made


@pytest.fixture
def whole(all_hosts: House) -> Iterator[House]:
    """What must hold after each fault is looked at after each test."""
    yield all_hosts
    all_hosts.check()


def test_what_one_node_makes_and_another_revokes_is_seen_everywhere(whole: House) -> None:
    made = whole.make_card(whole.a)
    whole.until_all_say(made, "good")
    whole.until_shown(made)
    assert whole.change(whole.b, Change.BLOCK, made)
    whole.until_all_say(made, "hold")
    assert whole.change(whole.a, Change.REVOKE, made)
    whole.until_all_say(made, "revoked")
    whole.until_listed(made)
