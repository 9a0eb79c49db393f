"""Who counts as one peer, and how many connections it gets."""

from ipaddress import ip_network

import pytest

from server.status_http.peers import Peers, household


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::1", "::2", True),
    ],
)
def test_one_peer_is_an_address_or_a_subnet(one: str, other: str, *, same: bool) -> None:
    assert (household(one) == household(other)) is same


def test_each_peer_has_its_share_and_gets_it_back() -> None:
    peers = Peers(2, ())
    assert [peers.come("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert peers.come("192.0.2.2")
    peers.gone("192.0.2.1")
    assert [peers.come("192.0.2.1") for _ in range(2)] == [True, False]
    assert len(peers) == 2
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        peers.gone(address)
    assert len(peers) == 0


@pytest.mark.parametrize("proxy", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::5", "fe80::1%lo"])
def test_a_proxy_may_have_more(proxy: str) -> None:
    exempt = [ip_network(each) for each in ("192.0.2.0/28", "2001:db8::5", "fe80::/10")]
    peers = Peers(1, exempt)
    assert [peers.come(proxy) for _ in range(3)] == [True] * 3
    assert [peers.come("192.0.2.16") for _ in range(2)] == [True, False]


def test_others_of_a_proxys_subnet_share_what_it_left() -> None:
    peers = Peers(1, [ip_network("2001:db8::5")])
    assert peers.come("2001:db8::5")
    assert not peers.come("2001:db8::6")
    assert peers.come("2001:db8::5")


def test_no_bound_at_all() -> None:
    peers = Peers(0, ())
    assert all(peers.come("192.0.2.1") for _ in range(100))
