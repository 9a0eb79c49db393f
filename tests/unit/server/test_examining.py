"""What `zorgid doctor` makes of a machine, a database and other nodes."""

import ctypes
import re
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from links import leads_somewhere
from pki.domain.event_codec import encode
from pki.domain.events import CertificateIntended
from pki.domain.identifiers import CardId
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, append
from pki.domain.people import SYSTEM
from pki.store.postgres.state import PostgresState, ReplicaState
from server.commands.findings import BACKUP, RUNBOOKS, problem, report
from server.examining.database import judge_clocks, judge_connections, judge_state, judge_user
from server.examining.ends import SOON, judge_end
from server.examining.machine import (
    MIB,
    Room,
    _Timex,
    examine_clock,
    judge_error,
    judge_room,
)
from server.examining.nodes import judge_profiles, profiles_used
from server.examining.smells import _loopback_beside_others
from server.settings import Settings
from stores.samples import ISSUER, NOON, opaque, serial

ROOT = Path(__file__).resolve().parents[3]
SECOND = timedelta(seconds=1)
KERNEL_OCTETS = 208
"""Of struct timex on 64 bits (adjtimex(2))."""


@pytest.mark.parametrize(
    ("room", "level"),
    [
        (Room(600_000 * MIB, 1_000_000 * MIB, 9, 10), "ok"),
        (Room(6000 * MIB, 1_000_000 * MIB, 9, 10), "ok"),
        (Room(5000 * MIB, 1_000_000 * MIB, 9, 10), "warning"),
        (Room(5000 * MIB, 20_000 * MIB, 9, 10), "ok"),
        (Room(511 * MIB, 1000 * MIB, 9, 10), "problem"),
        (Room(6000 * MIB, 9000 * MIB, 1, 101), "problem"),
        (Room(6000 * MIB, 9000 * MIB, 0, 0), "ok"),
    ],
)
def test_room(room: Room, level: str) -> None:
    assert judge_room("store", room).level == level


def test_the_ends_of_a_certificate_are_inside() -> None:
    begins, ends = NOON, NOON + timedelta(days=365)

    def level(now: object) -> str:
        return judge_end("x", (begins, ends), now, soon=SOON, step="s").level  # type: ignore[arg-type]  # times

    assert [level(begins), level(ends - SOON)] == ["ok", "ok"]
    assert [level(ends - SOON + SECOND), level(ends)] == ["warning", "warning"]
    assert [level(begins - SECOND), level(ends + SECOND)] == ["problem", "problem"]


@pytest.mark.parametrize(
    ("proxies", "smells"),
    [
        (("192.0.2.10",), False),
        (("127.0.0.1", "::1"), False),
        (("192.0.2.10", "::1"), True),
    ],
)
def test_loopback_beside_a_proxy_elsewhere(proxies: tuple[str, ...], *, smells: bool) -> None:
    assert _loopback_beside_others(proxies) is smells


@pytest.mark.parametrize(
    ("most", "level", "says"),
    [
        (timedelta(milliseconds=31), "ok", "0.031 s"),
        (timedelta(seconds=16) - timedelta(microseconds=1), "ok", "16.000 s"),
        (timedelta(seconds=16), "warning", "is not synchronised"),
        (None, "warning", "could not be asked"),
    ],
)
def test_a_clock_that_nothing_keeps_right(most: timedelta | None, level: str, says: str) -> None:
    found = judge_error(most)
    assert (found.level, says in found.text) == (level, True)


def test_this_computers_kernel_is_asked() -> None:
    """Its answer has room; whatever it is, also that it may not be asked, is a finding."""
    assert ctypes.sizeof(_Timex) >= KERNEL_OCTETS
    (found,) = examine_clock(cast("Settings", None), NOON)
    assert (found.about, bool(found.next_step)) == ("clock", found.level == "warning")


@pytest.mark.parametrize(("apart", "level"), [(30, "ok"), (31, "problem"), (-31, "problem")])
def test_clocks(apart: int, level: str) -> None:
    assert judge_clocks(NOON, NOON + apart * SECOND).level == level


def postgres(**changes: object) -> PostgresState:
    values = {"is_replica": False, "lasting": True, "synchronous": True, "replicas": ()}
    values |= {"waiting": False, "connections": 40, "limit": 50, "may_write": True}
    return PostgresState(version="15.1", **(values | changes))  # type: ignore[arg-type]  # as above


def replica(state: str, seconds: float | None) -> ReplicaState:
    lag = None if seconds is None else seconds * SECOND
    return ReplicaState(name="r1", state=state, lag=lag)


@pytest.mark.parametrize(
    ("state", "levels"),
    [
        (postgres(), ["ok"]),
        (postgres(replicas=None), ["ok"]),
        (postgres(lasting=False), ["problem"]),
        (postgres(waiting=True), ["problem"]),
        (postgres(synchronous=False), ["warning"]),
        (postgres(synchronous=False, is_replica=True), ["ok"]),
        (postgres(replicas=(replica("streaming", 2), replica("streaming", None))), ["ok"]),
        (postgres(replicas=(replica("streaming", 3),)), ["ok", "warning"]),
        (postgres(replicas=(replica("catchup", None),)), ["ok", "warning"]),
    ],
)
def test_databases_in_production(state: PostgresState, levels: list[str]) -> None:
    assert [each.level for each in judge_state(state, production=True)] == levels


def test_practice_waits_for_no_replica() -> None:
    found = judge_state(postgres(synchronous=False), production=False)
    assert [each.level for each in found] == ["ok"]


@pytest.mark.parametrize(("open_now", "levels"), [(40, []), (41, ["warning"])])
def test_connections_that_are_nearly_used_up(open_now: int, levels: list[str]) -> None:
    found = judge_connections(postgres(connections=open_now))
    assert [each.level for each in found] == levels


@pytest.mark.parametrize(
    ("may_write", "writes", "levels"),
    [(True, False, ["warning"]), (True, True, []), (False, False, []), (False, True, [])],
)
def test_a_user_may_write_only_where_something_writes(
    may_write: bool, writes: bool, levels: list[str]
) -> None:
    found = judge_user(postgres(may_write=may_write), writes=writes)
    assert [each.level for each in found] == levels


def made_by(*profiles: str) -> list[JournalEntry]:
    entries: list[JournalEntry] = []
    head = JournalHead(position=0, digest=GENESIS)
    for number, profile in enumerate(profiles, start=1):
        event = CertificateIntended(
            card=CardId(opaque(number)),
            issuer=ISSUER,
            serial=serial(number),
            tbs_sha256="0" * 64,
            profile=profile,
        )
        assert encode(event)
        entries.append(append(head, at=NOON, actor=SYSTEM, event=event))
        head = JournalHead(position=number, digest=entries[-1].digest)
    return entries


@pytest.mark.parametrize(
    ("profiles", "level"),
    [
        ((), "ok"),
        (("card@a", "card@a"), "ok"),
        (("card@b", "card@a"), "ok"),
        (("card@a", "card@b"), "warning"),
        (("card@a", "card@b", "card@a"), "problem"),
        (("card@a", "other@b", "card@a"), "ok"),
    ],
)
def test_two_nodes_with_different_profiles_are_found(profiles: tuple[str, ...], level: str) -> None:
    used = profiles_used(made_by(*profiles), ISSUER, "card")
    assert judge_profiles("g1", "a", used).level == level


@pytest.mark.parametrize("link", sorted({*RUNBOOKS.values(), BACKUP}))
def test_each_runbook_is_there(link: str) -> None:
    assert leads_somewhere(link)


def test_each_subject_has_a_runbook() -> None:
    text = "".join(each.read_text("utf-8") for each in (ROOT / "server").rglob("*.py"))
    named = set(re.findall(r'(?:warning|problem)\(\s*"([^"%:]*)",', text))
    about = {each for each in named if len(each.split()) <= 2}
    assert about >= {"clock", "CRL", "keys"}
    assert about - RUNBOOKS.keys() == {"live store", "revocations"}


def test_a_finding_ends_with_its_next_step_and_runbook() -> None:
    told = report([problem("disk", "full", "make room")], "examined")
    assert told.lines[-1].endswith(
        "next: make room [docs/operations.md#what-zorgid-doctor-looks-at]"
    )
    assert told.result["findings"][0]["runbook"].startswith("docs/operations.md#")
