"""An installation on several hosts whose links, databases and directories fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from card_writer.flow.making import Made
from hosts.house import House, serial
from hosts.made import MAX_AGE, house
from hosts.node import Node
from installed.nursery import Nursery
from installed.practice import Practice
from installed.program import until
from installed.sound import Change
from pki.store.reading import ReadSession
from server.leases.names import Task

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.postgres,
    pytest.mark.slapd,
    pytest.mark.nginx,
    pytest.mark.openssl,
    pytest.mark.slow,
    pytest.mark.timeout(900),
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


def test_an_issuing_node_without_the_database_refuses_and_the_other_goes_on(whole: House) -> None:
    first, second = whole.make_card(whole.a), whole.make_card(whole.b)
    cut, other = whole.builder(), whole.other_than(whole.builder())
    token = whole.token(Task.CRLS)
    with cut.host.apart_from(*whole.databases), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(whole.change, cut, Change.BLOCK, first)
        until(lambda: whole.holder(Task.CRLS) is other, "the other builds")
        assert whole.change(other, Change.BLOCK, second)
        whole.until_listed(second)
        assert not asked.result()
    assert whole.token(Task.CRLS) > token
    until(lambda: cut.metric("zorgid_lease_losses_total", Task.CRLS) >= 1, "it finds out")
    assert whole.holder(Task.CRLS) is other
    whole.until_all_say(second, "hold")


def test_a_status_node_without_the_database_answers_what_it_knows_then_try_later(
    whole: House,
) -> None:
    made, node = whole.make_card(whole.a), whole.status[1]
    whole.until_all_say(made, "good")
    with node.host.apart_from(*whole.databases):
        assert whole.change(whole.a, Change.BLOCK, made)
        whole.until_says(whole.status[0], made, "hold")
        heard = [*iter(lambda: whole.says(node, made), "trylater")]
        assert set(heard) <= {"good"}
    whole.until_says(node, made, "hold")


def test_nodes_on_a_replica_that_lags_say_try_later_and_never_what_was(whole: House) -> None:
    made = whole.make_card(whole.b)
    whole.until_all_say(made, "good")
    whole.replica.tell("SELECT pg_wal_replay_pause()")
    try:
        assert whole.change(whole.b, Change.BLOCK, made)
        whole.until_all_say(made, "trylater", whole.on_replica)
        assert {whole.says(each, made) for each in whole.on_replica} == {"trylater"}
        whole.until_says(whole.status[2], made, "hold")
    finally:
        whole.replica.tell("SELECT pg_wal_replay_resume()")
    whole.until_all_say(made, "hold")


def test_a_directory_that_is_cut_off_is_brought_in_line(whole: House) -> None:
    publisher, north = whole.publisher, whole.directories[0]
    with publisher.host.apart_from(north):
        made = [whole.make_card(each) for each in (whole.a, whole.b)]
        assert whole.change(whole.b, Change.BLOCK, made[0])
        until(lambda: publisher.why() is not None, "the publisher says so")
        assert not whole.in_directory(north, made[1])
    for each in made:
        whole.until_shown(each)


def test_a_slow_network_only_takes_its_time(whole: House) -> None:
    with whole.a.host.slowed("512kbit"), whole.replica.host.slowed("512kbit"):
        made = whole.make_card(whole.a)
        assert whole.change(whole.a, Change.BLOCK, made)
        whole.until_all_say(made, "hold")


def test_behind_nginx_a_block_is_seen_as_soon_as_nothing_older_may_be_kept(whole: House) -> None:
    made, front = whole.make_card(whole.a), whole.front
    whole.until_all_say(made, "good")
    until(lambda: front.got(serial(made))[1].cache == "HIT", "nginx keeps it")
    assert whole.change(whole.b, Change.BLOCK, made)
    whole.until_all_say(made, "hold")
    assert front.posted(serial(made)) == "hold"
    said, heard = front.got(serial(made))
    while said != "hold":
        assert (said, heard.is_fresh(MAX_AGE)) == ("good", True)
        said, heard = front.got(serial(made))
    assert {front.got(serial(made))[0] for _ in range(2 * len(whole.status))} == {"hold"}
    whole.until_listed(made)
    crl = front.crl()
    while serial(made) not in whole.listed(crl.body):
        assert crl.is_fresh(MAX_AGE)
        crl = front.crl()


def test_behind_nginx_nobody_hears_that_a_status_node_is_dead(whole: House) -> None:
    made, front = whole.make_card(whole.a), whole.front
    whole.until_all_say(made, "good")
    for _ in whole.status:
        front.posted(serial(made))
    _, killed, silent = whole.status
    # nginx has connections to both; on those to the second nobody will ever say that it is gone.
    with killed.dead(), silent.host.unplugged():
        for never_issued in range(2 * len(whole.status)):
            assert front.posted(serial(made)) == "good"
            assert front.got(never_issued)[0] == "unknown"


def test_behind_nginx_try_later_is_kept_by_nobody(whole: House) -> None:
    made, front = whole.make_card(whole.a), whole.front
    whole.until_all_say(made, "good")
    with ExitStack() as apart:
        for node in whole.status:
            apart.enter_context(node.host.apart_from(*whole.databases))
        assert whole.change(whole.a, Change.BLOCK, made)
        until(lambda: front.got(serial(made))[0] == "trylater", "nothing is kept any more")
        for _ in range(2 * len(whole.status)):
            said, heard = front.got(serial(made))
            assert (said, heard.control) == ("trylater", "no-store")
            assert heard.cache != "HIT"
    whole.until_all_say(made, "hold")
    assert front.got(serial(made))[0] == "hold"


def test_without_the_primary_nothing_is_lost_that_its_synchronous_replica_has(
    whole: House,
) -> None:
    made = [whole.make_card(each) for each in (whole.a, whole.b)]
    whole.primary.wait_for(whole.replica.host.name)
    killed = Event()

    def changed(at: Node, card: Made) -> None:
        for step in range(8):
            if step == 4:
                killed.set()
            whole.insist(at, (Change.BLOCK, Change.UNBLOCK)[step % 2], card)

    with ThreadPoolExecutor(2) as pool:
        working = [
            pool.submit(changed, *each) for each in zip((whole.a, whole.b), made, strict=True)
        ]
        killed.wait(60)
        whole.primary.kill()
        whole.promote()
        for each in working:
            each.result()
    whole.until_all_say(made[0], "good")
    whole.change_places()


def test_without_the_primary_what_its_replica_lacked_is_noticed_and_nothing_is_served(
    whole: House,
) -> None:
    lost, first, second = (whole.make_card(each) for each in (whole.a, whole.a, whole.b))
    for each in (lost, first, second):
        whole.until_all_say(each, "good")
    with whole.replica.host.apart_from(whole.primary.host):
        assert whole.change(whole.a, Change.BLOCK, lost)
        whole.until_kept(lost)
        whole.until_says(whole.status[2], lost, "hold")
        whole.primary.kill()
    whole.promote()

    until(lambda: whole.read(ReadSession.missing) is not None, "somebody notices")
    for node, made in ((whole.a, first), (whole.b, second)):
        assert not whole.change(node, Change.BLOCK, made)
    for each in (lost, first):
        whole.until_all_say(each, "trylater")

    for node in (whole.a, whole.b, whole.publisher):
        node.end()
    said = whole.confirmed(whole.a)
    assert said["held"] == [f"{serial(lost):040x}"]
    whole.start()
    whole.settle()
    # No status node was started anew: also not the one that had read what is lost.
    assert "everything is read anew" in whole.status[2].log
    whole.until_all_say(lost, "hold")
    whole.until_all_say(first, "good")
    whole.until_listed(lost)
    whole.forget(lost)
    whole.change_places()
