"""What a ceremony refuses: clocks, files, shares, requests, lists; and what it destroys."""

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ceremonies.table import Killed, Table, key_parts, window_lines
from fixtures.ceremony import Room, room_in
from pki.api.fields import from_pem
from pki.domain.errors import (
    AlreadyRunning,
    ConfigurationInvalid,
    Conflict,
    IntegrityBroken,
    NotFound,
)
from pki.ports import SystemClock
from server.ceremony.commands import check, verify
from server.ceremony.session import CeremonyRefused
from server.ceremony.workspace import DRAFT
from server.report import FINDING

SERVICES = key_parts("services-ca")
FOLDER = "TEST-services"


@dataclass
class ShiftedClock:
    """The machine's clock, wrong by so much."""

    by: timedelta

    def now(self) -> datetime:
        return SystemClock().now() + self.by


def test_a_clock_outside_the_plans_hours_is_refused(room: Room) -> None:
    begin = SystemClock().now() + timedelta(hours=1)
    plan = room.plan("services", SERVICES, kind="key", window=window_lines(begin))
    with pytest.raises(ConfigurationInvalid, match="clock says"):
        room.table.hold_here(plan)
    assert not (room.folder / FOLDER).exists()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off_is_refused_and_nothing_is_made(room: Room, hours: int) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    with pytest.raises(CeremonyRefused, match=r"(59|60|61) minutes apart"):
        room.table.hold_here(plan, clock=ShiftedClock(timedelta(hours=hours)))
    assert not list((room.folder / FOLDER).glob("*.pem"))
    assert room.table.hold_here(plan).code == 0


def test_too_few_witnesses_are_refused(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    room.table.replies = {r"Witness Y.+ Ja or Nee: ": lambda _table, _match: "Nee"}
    with pytest.raises(CeremonyRefused, match="1 witnesses are present, 2 are needed"):
        room.table.hold_here(plan)


def test_only_the_exact_word_is_a_yes(room: Room) -> None:
    given = iter(["ja", "JA", "Ja!", "yes", "", "Ja"])
    plan = room.plan("services", SERVICES, kind="key")
    room.table.replies = {
        r"B\. Jansen: these are the words.+: ": lambda _table, _match: next(given)
    }
    assert room.table.hold_here(plan).code == 0
    assert room.table.said.count("only Ja, with a capital J") == 5
    assert next(given, None) is None


@pytest.mark.parametrize("name", ["TEST-services-ca.key.pem", "TEST-services-ca.p10.pem", "other"])
def test_an_existing_file_is_never_replaced(room: Room, name: str) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    (room.folder / FOLDER).mkdir()
    (room.folder / FOLDER / name).write_text("mine")
    for refusing in (room.table.hold_here, lambda path: check(path, practice=False)):
        with pytest.raises(Conflict):
            refusing(plan)
    assert (room.folder / FOLDER / name).read_text() == "mine"


def test_a_second_run_beside_the_first_is_refused(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")

    def beside(_table: Table, _match: re.Match[str]) -> str:
        with pytest.raises(AlreadyRunning):
            Table(room.folder).hold_here(plan)
        return f"{SystemClock().now():%H:%M}"

    room.table.replies = {r"Time in UTC .+: ": beside}
    assert room.table.hold_here(plan).code == 0


def test_a_changed_plan_does_not_go_on_with_the_old_transcript(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    room.table.kill_at = 6
    with pytest.raises(Killed):
        room.table.hold_here(plan)
    plan.write_text(plan.read_text() + "\n")
    room.table.kill_at = None
    with pytest.raises(Conflict, match="of another plan"):
        room.table.hold_here(plan)


def test_a_strange_file_that_appears_is_named_before_the_end(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")

    def leave(table: Table, _match: re.Match[str]) -> str:
        (table.folder / FOLDER / "rogue.pem").write_text("?")
        return "Ja"

    room.table.replies = {r"A\. de Vries: make the key.+: ": leave}
    with pytest.raises(CeremonyRefused, match=r"rogue\.pem"):
        room.table.hold_here(plan)
    (room.folder / FOLDER / "rogue.pem").unlink()
    room.table.replies = {}
    assert room.table.hold_here(plan).code == 0


def test_a_file_changed_between_two_runs_stops_everything(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    room.table.kill_at = 22
    with pytest.raises(Killed):
        room.table.hold_here(plan)
    (room.folder / FOLDER / "TEST-services-ca.shares.json").write_text("{}")
    with pytest.raises(IntegrityBroken, match=r"shares\.json is not what"):
        room.table.hold_here(plan)


@pytest.mark.parametrize("lost", ["link", "draft"])
def test_cut_off_around_the_line_that_counts(
    room: Room, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Before the line a draft is removed; after it, it gets its name."""
    plan, folder = room.plan("services", SERVICES, kind="key"), room.folder / FOLDER

    def cut(*_arguments: object, **_named: object) -> None:
        raise Killed

    real_link = os.link

    def link(source: Path, target: Path) -> None:
        # The key file's own writer links as well: only the workspace's naming is cut off.
        if Path(target).name.startswith(DRAFT):
            real_link(source, target)
        else:
            cut()

    with monkeypatch.context() as patched:
        if lost == "link":
            patched.setattr("server.ceremony.workspace.os.link", link)
        else:
            patched.setattr("server.ceremony.workspace.Workspace.commit", cut)
        with pytest.raises(Killed):
            room.table.hold_here(plan)
    assert list(folder.glob(f"{DRAFT}*"))
    assert not list(folder.glob("TEST*.pem"))
    first = dict(room.table.shares)
    assert room.table.hold_here(plan).code == 0
    assert (room.table.shares == first) is (lost == "link")
    assert not list(folder.glob(f"{DRAFT}*"))
    assert verify(plan, practice=False).code == 0


def test_a_real_plan_is_practised_and_nothing_of_it_passes_for_real(room: Room) -> None:
    plan = room.plan("services", SERVICES, kind="key")
    text = plan.read_text().replace('"practice"', '"production"').replace("PRACTICE Care", "Care")
    plan.write_text(text.replace("2.999.1", "1.3.6.1.4.1.99999.1"))
    assert room.table.hold_here(plan, practice=True).code == 0
    assert "TEST: this is practice" in room.table.said
    names = [path.name for path in (room.folder / FOLDER).iterdir()]
    assert all(name.startswith(("TEST-", ".")) for name in names)
    request = from_pem(
        (room.folder / FOLDER / "TEST-services-ca.p10.pem").read_text(), "CERTIFICATE REQUEST"
    )
    assert b"TEST PRACTICE Care" in request
    assert verify(plan, practice=True).code == 0
    with pytest.raises(NotFound, match="there is no transcript"):
        verify(plan, practice=False)
    shutil.copytree(room.folder / FOLDER, room.folder / "services")
    for path in (room.folder / "services").glob("TEST-*"):
        path.rename(path.with_name(path.name.removeprefix("TEST-")))
    wrong = verify(plan, practice=False).result["wrong"]
    assert "practice and the real thing are mixed" in wrong


def test_stopped_at_any_question_it_goes_on(tmp_path: Path) -> None:
    """By `stop`, or where something hidden is asked by the keyboard's interrupt."""
    at, code = 0, FINDING
    while code == FINDING:
        at += 7
        folder = tmp_path / str(at)
        folder.mkdir()
        room = room_in(folder)
        plan = room.plan("services", SERVICES, kind="key")
        room.table.stop_at = at
        code = room.table.hold_here(plan).code
        if code == FINDING:
            room.table.stop_at = None
            assert room.table.hold_here(plan).code == 0
        assert verify(plan, practice=False).code == 0
    assert at > 20
