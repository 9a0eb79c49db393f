"""How often a stranger may ask, and how much of it the journal keeps."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.issuance import Surroundings
from issuance.open_session import open_session
from issuance.rules.rates import Meter, RateLimits, Restraint, network_of
from issuing.holder import refusals
from pki.domain.errors import RateLimited, Refused
from pki.domain.reasons import RefusalReason


class Ticks:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


FEW = RateLimits(
    peer_per_minute=3, all_per_minute=5, pass_per_hour=2, refusals_per_hour=2, remembered=4
)


def test_a_burst_passes_and_then_one_a_step() -> None:
    meter = Meter(burst=3, seconds=60, keys=10)
    assert [meter.wait("a", 0) for _ in range(4)] == [0, 0, 0, 20]
    assert meter.wait("b", 0) == 0
    assert meter.wait("a", 19) == 1
    assert [meter.wait("a", 20), meter.wait("a", 20)] == [0, 20]
    assert [meter.wait("a", 500) for _ in range(4)] == [0, 0, 0, 20]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=60), st.integers(1, 5)
)
def test_no_window_holds_more_than_twice_the_burst(
    steps: list[tuple[str, float]], burst: int
) -> None:
    """The bound of the algorithm: what was saved up, and what came in meanwhile."""
    meter, now, passed = Meter(burst=burst, seconds=60, keys=10), 0.0, []
    for key, pause in steps:
        now += pause
        if meter.wait(key, now) == 0:
            passed.append((key, now))
    for key, at in passed:
        window = [t for k, t in passed if k == key and at <= t < at + 60]
        assert len(window) <= 2 * burst


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=3), max_size=80))
def test_memory_is_bounded(keys: list[str]) -> None:
    meter = Meter(burst=2, seconds=60, keys=5)
    for count, key in enumerate(keys):
        meter.wait(key, float(count))
        assert len(meter) <= 5


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "-"),
    ],
)
def test_who_counts_as_one_caller(address: str | None, caller: str) -> None:
    assert network_of(address) == caller


def test_an_address_and_all_together_are_limited() -> None:
    ticks = Ticks()
    restraint = Restraint(FEW, ticks)
    for _ in range(3):
        restraint.peer("192.0.2.1", "challenge")
    with pytest.raises(RateLimited) as one:
        restraint.peer("192.0.2.1", "challenge")
    assert one.value.retry_after == 20
    restraint.peer("192.0.2.1", "session")
    restraint.peer("192.0.2.2", "challenge")
    restraint.peer("192.0.2.3", "challenge")
    with pytest.raises(RateLimited, match="all addresses"):
        restraint.peer("192.0.2.4", "challenge")
    ticks.at += 20
    restraint.peer("192.0.2.1", "challenge")


async def test_a_pass_is_limited_and_only_by_whoever_holds_it(around: Surroundings) -> None:
    around.restrain(FEW)
    certificate = around.uzi_pass("900012345")
    forged = await around.proof(around.uzi_pass("900012346"))
    for _ in range(5):
        stolen = await around.proof(certificate)
        with pytest.raises(Exception, match="verify"):
            await open_session(around.desk, replace(stolen, signature=forged.signature))
    for _ in range(2):
        await around.session(certificate)
    with pytest.raises(RateLimited, match="one pass"):
        await around.session(certificate)
    await around.session(around.uzi_pass("900012347"))


async def test_strangers_fill_no_journal(around: Surroundings) -> None:
    """Anybody can make keys and certificates: each is refused, few are recorded."""
    around.restrain(FEW)
    for number in range(10):
        certificate = f"SELF-MADE {number}".encode()
        refusal = Refused(reason=RefusalReason.PASS_NOT_TRUSTED, message="unknown")
        around.passes.refusals[certificate] = refusal
        with pytest.raises(Refused):
            await around.session(certificate)
    assert refusals(around) == [RefusalReason.PASS_NOT_TRUSTED] * 2
    genuine = around.uzi_pass("900012345")
    expired = Refused(reason=RefusalReason.PASS_EXPIRED, message="expired")
    around.passes.refusals[genuine] = expired
    for _ in range(2):
        with pytest.raises(Refused):
            await around.session(genuine)
    assert refusals(around)[2:] == [RefusalReason.PASS_EXPIRED] * 2
