"""What bootstrap.py says and when it leaves the computer alone."""

import os
import sys
from pathlib import Path

import pytest

import bootstrap

ABSENT = bootstrap.Peer("thing", "thing-package", lambda: False)


def _refuse(*_: object, **__: object) -> None:
    pytest.fail("nothing may be started here")


def test_alone_it_says_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main([]) == 0
    said = capsys.readouterr().out
    for word in ("setup", "demo", "card", "test"):
        assert f"python3 bootstrap.py {word}" in said


def test_an_unknown_word_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["tset"]) == 2
    assert "python3 bootstrap.py test" in capsys.readouterr().out


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(bootstrap.Stop, match=r"3\.11") as stop:
        bootstrap.main(["setup"])
    assert stop.value.code == 3


@pytest.mark.parametrize(
    ("no_apt", "apt_get", "said"),
    [("1", True, "ZORGID_NO_APT=1"), ("", False, "no Debian"), ("", True, "only root")],
)
def test_what_it_cannot_install_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    no_apt: str,
    apt_get: bool,
    said: str,
) -> None:
    if apt_get:
        (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 9\n")
        (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ZORGID_NO_APT", no_apt)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap, "run", _refuse)
    bootstrap.install_packages((ABSENT,))
    (line,) = capsys.readouterr().out.splitlines()
    assert said in line
    assert "thing-package" in line


def test_what_is_there_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "run", _refuse)
    bootstrap.install_packages((bootstrap.Peer("thing", "thing-package", lambda: True),))
    assert capsys.readouterr().out == ""


def _environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """An environment of its own in `folder`, and the list that its steps are written to."""
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "VENV", folder)
    monkeypatch.setattr(bootstrap, "STAMP", folder / "stamp")
    monkeypatch.setattr(bootstrap, "BIN", folder)
    monkeypatch.setattr(bootstrap, "PYTHON", folder / "python")
    monkeypatch.setattr(bootstrap, "_index_settings", dict)
    monkeypatch.setattr(bootstrap, "run", lambda what, *_, **__: done.append(what))
    (folder / "python").symlink_to(sys.executable)
    return done


def test_the_second_time_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = _environment(monkeypatch, tmp_path)
    bootstrap.set_up(())
    assert done[0] == "making .venv"
    assert done[-1] == "installing the project"
    done.clear()
    bootstrap.set_up(())
    assert done == []


def test_interrupted_set_up_is_not_taken_for_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = _environment(monkeypatch, tmp_path)
    (tmp_path / "stamp").write_text("of an older lock")

    def interrupted(what: str, *_: object, **__: object) -> None:
        if what == "installing the project":
            raise KeyboardInterrupt
        done.append(what)

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.set_up(())
    done.clear()
    bootstrap.set_up(())
    assert "installing the project" in done
    assert (tmp_path / "stamp").exists()


@pytest.mark.parametrize(("ci", "user"), [("true", 1000), ("", 0)])
def test_a_missing_peer_fails_where_it_could_be_installed(
    monkeypatch: pytest.MonkeyPatch, ci: str, user: int
) -> None:
    monkeypatch.setattr(bootstrap, "set_up", lambda _: None)
    monkeypatch.setattr(bootstrap, "TEST_PEERS", (ABSENT,))
    monkeypatch.setattr(bootstrap, "_start", _refuse)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(bootstrap.Stop, match="thing") as stop:
        bootstrap.test([])
    assert stop.value.code == 3


def test_elsewhere_a_missing_peer_is_said_and_the_tests_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "set_up", lambda _: None)
    monkeypatch.setattr(bootstrap, "TEST_PEERS", (ABSENT,))
    monkeypatch.setattr(bootstrap, "_start", lambda _: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)
    assert bootstrap.test([]) == 0
    assert "thing is not here" in capsys.readouterr().out


def test_a_desk_gets_the_card_writers_packages_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "install_packages", lambda peers: None)
    monkeypatch.setattr(bootstrap, "_index_settings", dict)
    monkeypatch.setattr(bootstrap, "_usable", lambda: True)
    monkeypatch.setattr(bootstrap, "run", lambda what, command, *, env: ran.append(command))
    bootstrap.set_up((), desk=True)
    locks = [Path(part).name for part in ran[0] if part.endswith(".txt")]
    assert locks == ["bootstrap.txt", "card.txt"]

    ran.clear()
    bootstrap.set_up((), desk=True)
    assert ran == []
    bootstrap.set_up(())
    assert any(part.endswith("all.txt") for part in ran[0])
    ran.clear()
    bootstrap.set_up((), desk=True)
    assert ran == []
