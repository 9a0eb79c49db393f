"""What cannot be built is tried again by the word that needs it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import bootstrap


@dataclass
class Computer:
    """Where packages for card readers can be built, or cannot."""

    can_build: bool = True
    synced: list[frozenset[str]] = field(default_factory=list)

    def run(self, what: str, command: Sequence[str], *, env: object = None) -> None:
        del what, env
        locks = frozenset(Path(word).stem for word in command if word.endswith(".txt"))
        if "sync" not in command:
            return
        if "card" in locks and not self.can_build:
            raise bootstrap.Stop(bootstrap.MISSING, "pyscard cannot be built")
        self.synced.append(locks)

    def set_up(self, *, desk: bool = False) -> int:
        """How often packages were installed for it."""
        before = len(self.synced)
        bootstrap.set_up((), desk=desk)
        return len(self.synced) - before


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    made = Computer()
    for name, value in (
        ("STAMP", tmp_path / "stamp"),
        ("PYTHON", Path(sys.executable)),
        ("COMPILER", lambda: True),
        ("install_packages", lambda _peers: None),
        ("_usable", lambda: True),
        ("_index_settings", dict),
        ("run", made.run),
    ):
        monkeypatch.setattr(bootstrap, name, value)
    return made


FULL = frozenset({"bootstrap", "all", "card"})


def test_what_is_there_is_left_alone(computer: Computer) -> None:
    assert computer.set_up() == 1
    assert [computer.set_up(), computer.set_up(desk=True)] == [0, 0]
    assert computer.synced == [FULL]


def test_a_desk_alone_is_no_server(computer: Computer) -> None:
    assert [computer.set_up(desk=True), computer.set_up(desk=True)] == [1, 0]
    assert computer.set_up() == 1
    assert computer.synced == [FULL - {"all"}, FULL]


def test_card_readers_that_could_not_be_built_are_tried_again_for_a_desk(
    computer: Computer,
) -> None:
    computer.can_build = False
    assert [computer.set_up(), computer.set_up()] == [1, 0]
    with pytest.raises(bootstrap.Stop):
        computer.set_up(desk=True)
    assert computer.set_up() == 1
    computer.can_build = True
    assert [computer.set_up(desk=True), computer.set_up(), computer.set_up(desk=True)] == [1, 0, 0]
    assert computer.synced == [FULL - {"card"}, FULL - {"card"}, FULL]
