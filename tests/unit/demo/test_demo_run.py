"""What the demo refuses before it makes anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from pki.domain.errors import ConfigurationInvalid, Conflict, EnvironmentMissing, ZorgidError
from server.demo.run import DemoOptions, run_demo
from server.demo.telling.tools import PACKAGES, environment, require_tools
from server.report import ENVIRONMENT, FINDING, USAGE, exit_code

OPTIONS = DemoOptions(directory=None, hold=False, port_base=None, lang="nl", as_json=False)


@pytest.fixture
def tools_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PACKAGES:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_an_unknown_language_is_wrong_use() -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        run_demo(replace(OPTIONS, lang="fr"))
    assert exit_code(raised.value) == USAGE
    assert "nl or en" in raised.value.next_step


@pytest.mark.usefixtures("tools_everywhere")
def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(Conflict) as raised:
        run_demo(replace(OPTIONS, directory=folder))
    assert exit_code(raised.value) == FINDING
    assert raised.value.next_step
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("tools_everywhere")
def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        run_demo(replace(OPTIONS, directory=tmp_path / "curl"))


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(EnvironmentMissing) as raised:
        require_tools({"no-such-program-here": "its-package", "also-not-here": "other-package"})
    error: ZorgidError = raised.value
    assert exit_code(error) == ENVIRONMENT
    assert "no-such-program-here" in error.message
    assert error.next_step == "as root: apt-get install its-package other-package"


def test_foreign_tools_get_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    assert not [name for name in environment() if "proxy" in name.lower()]
