"""Where a PIN may come from, and that it goes nowhere else."""

import copy
import os
import pickle
from pathlib import Path

import pytest

from pki.domain.errors import ConfigurationInvalid
from pki.keys.pin import (
    Pin,
    pin_from_credential,
    pin_from_descriptor,
    pin_from_file,
    pin_from_prompt,
)

SECRET = "canary-4711"


def written(folder: Path, content: bytes = SECRET.encode() + b"\n", mode: int = 0o600) -> Path:
    path = folder / "pin"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_it_shows_itself_nowhere() -> None:
    pin = Pin(SECRET.encode())
    assert SECRET not in f"{pin} {pin!r} {[pin]}"
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            write(pin)
    assert pin.same_as(Pin(SECRET.encode()))
    assert not pin.same_as(Pin(b"other"))


def test_a_descriptor_is_read_once_and_closed() -> None:
    reading, writing = os.pipe()
    os.write(writing, SECRET.encode())
    os.close(writing)
    assert pin_from_descriptor(reading).reveal() == SECRET.encode()
    with pytest.raises(ConfigurationInvalid, match="descriptor"):
        pin_from_descriptor(reading)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file_of_its_owner_alone(tmp_path: Path, end: bytes) -> None:
    path = written(tmp_path, SECRET.encode() + end)
    assert pin_from_file(path).reveal() == SECRET.encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationInvalid, match="others"):
        pin_from_file(written(tmp_path, mode=mode))


@pytest.mark.parametrize("content", [b"", b"\n", b"1" * 256, b"12\n34", b"12\x0034"])
def test_what_is_no_pin(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        pin_from_file(written(tmp_path, content))
    assert "1111" not in str(vars(caught.value))


def test_a_pipe_or_folder_in_place_of_the_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (pipe, tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigurationInvalid):
            pin_from_file(path)


def test_a_credential_of_systemd(tmp_path: Path) -> None:
    written(tmp_path, mode=0o440)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert pin_from_credential("pin", environment).reveal() == SECRET.encode()
    for name in ("", "none", "../pin", "a/pin", ".."):
        with pytest.raises(ConfigurationInvalid):
            pin_from_credential(name, environment)
    with pytest.raises(ConfigurationInvalid, match="CREDENTIALS_DIRECTORY"):
        pin_from_credential("pin", {})


def test_a_person_is_asked() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return SECRET

    assert pin_from_prompt(ask, "PIN: ").reveal() == SECRET.encode()
    assert asked == ["PIN: "]
