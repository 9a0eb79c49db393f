"""The publisher's own rounds: each view that lies is a metric of its own and a line in the log."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from pki.domain.errors import StoreUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.observe.views.expected import Disagreement, Unseen
from pki.observe.views.verifier import Verified
from pki.ports import SystemClock, SystemEntropy
from server.views import comparing
from server.views.comparing import ViewRole

VIEWS = ("ocsp-get", "ocsp-post-nonce", "crl", "ldap", "ldap:noord")
ALIKE = Verified(examined=7, views=VIEWS, disagreements=(), unseen=())


def lie(view: str, number: int = 1) -> Disagreement:
    return Disagreement(
        view=view,
        issuer=IssuerId("token-ca-g1"),
        serial=SerialNumber(number),
        expected="good",
        seen="never issued",
    )


async def after(monkeypatch: pytest.MonkeyPatch, *rounds: Verified | Exception) -> ViewRole:
    """The role when it has been through these rounds."""
    left, stop = list(rounds), asyncio.Event()

    async def verify_once(*_: object) -> Verified:
        if not left:
            stop.set()
            await asyncio.Event().wait()
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(comparing, "verify_once", verify_once)
    settings = SimpleNamespace(views=SimpleNamespace(interval_seconds=0))
    role = ViewRole(
        settings,  # type: ignore[arg-type] # a stand-in
        reader=None,  # type: ignore[arg-type] # not asked here
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )
    await role.run(stop)
    return role


def told(role: ViewRole, name: str) -> dict[str, float]:
    return {each.labels["view"]: each.value for each in role.readings() if each.name == name}


@pytest.mark.parametrize("view", VIEWS)
async def test_each_view_that_lies_is_counted_and_logged(
    view: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong = Verified(examined=7, views=VIEWS, disagreements=(lie(view), lie(view, 2)), unseen=())
    role = await after(monkeypatch, ALIKE, wrong)
    counts = told(role, "zorgid_view_disagreements")
    assert counts == {**dict.fromkeys(VIEWS, 0), view: 2}
    lines = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [each.__dict__["view"] for each in lines] == [view, view]
    assert {each.__dict__["seen"] for each in lines} == {"never issued"}


async def test_it_is_over_when_the_view_is_right_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Verified(examined=7, views=VIEWS, disagreements=(lie("crl"),), unseen=())
    role = await after(monkeypatch, wrong, ALIKE)
    assert told(role, "zorgid_view_disagreements") == dict.fromkeys(VIEWS, 0)
    [compared] = [each for each in role.readings() if each.name == "zorgid_views_compared_total"]
    assert compared.value == 14


async def test_a_view_that_is_not_seen_is_not_called_right(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = (Unseen(view="ldap:noord", why="the directory cannot be asked"),)
    role = await after(
        monkeypatch, Verified(examined=7, views=VIEWS, disagreements=(), unseen=unseen)
    )
    assert told(role, "zorgid_view_seen") == {**dict.fromkeys(VIEWS, 1), "ldap:noord": 0}


async def test_a_store_that_is_away_ends_no_round_but_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    role = await after(monkeypatch, StoreUnavailable(message="away"), ALIKE)
    assert role.last == ALIKE
