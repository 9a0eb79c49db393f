"""The program that holds cards in readers for the demo: it may be missing, or fail."""

import io
from pathlib import Path

import pytest

from pki.domain.errors import EnvironmentMissing
from server.demo.readers.chain import lacking, readers_running
from server.demo.readers.making import make_card_in_readers
from server.demo.scene import Play
from server.demo.telling.narrator import Narrator
from server.demo.telling.texts import Texts


@pytest.mark.parametrize("says", ["", "print('no readers here')", "print('{}')"])
async def test_a_program_without_readers_is_told(tmp_path: Path, says: str) -> None:
    program = tmp_path / "readers.py"
    program.write_text(says)
    with pytest.raises(EnvironmentMissing, match="did not start"):
        async with readers_running(program, tmp_path):
            pass


async def test_it_ends_with_the_block(tmp_path: Path) -> None:
    program = tmp_path / "readers.py"
    program.write_text(
        "import json, pathlib, sys\n"
        'print(json.dumps({"socket": "s", "passes": "p", "cards": "c"}), flush=True)\n'
        "sys.stdin.read()\n"
        'pathlib.Path(sys.argv[1], "ended").touch()\n'
    )
    async with readers_running(program, tmp_path) as readers:
        assert (readers.socket, readers.passes, readers.cards) == ("s", "p", "c")
        assert not (tmp_path / "ended").exists()
    assert (tmp_path / "ended").exists()


def test_what_is_lacking_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda _name, path: None)
    monkeypatch.setattr("server.demo.readers.chain._DRIVER", tmp_path / "none")
    assert {"pcscd", "iproute2", "vsmartcard-vpcd"} <= set(lacking())


async def test_without_a_program_the_story_says_so(tmp_path: Path) -> None:
    stream = io.StringIO()
    narrator = Narrator.on(stream, Texts("en"), 80)
    play = Play(directory=tmp_path, narrator=narrator, tools=None, scene=None)  # type: ignore[arg-type] # not reached
    await make_card_in_readers(play)
    assert "card readers" in stream.getvalue()
    assert "bootstrap.py" in stream.getvalue()
    assert play.card_chain is None
