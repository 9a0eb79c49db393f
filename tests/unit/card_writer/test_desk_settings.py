"""The desk's configuration: complete example, and every kind of mistake named."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from card_writer.piv.commands import AID
from card_writer.programs.settings import (
    CardSettings,
    DeskSettings,
    PassSettings,
    ServerSettings,
    check,
    load,
)
from card_writer.readers.recognition import UZI_PASSES
from pki.domain.errors import ConfigurationInvalid

EXAMPLE = Path(__file__).parents[3] / "config" / "zorgid-card.example.toml"
TEXT = EXAMPLE.read_text("utf-8")


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """The example, with every file it names in place."""
    (tmp_path / "zorg-id-root-ca.pem").touch()
    (tmp_path / "libaetpkss.so.3").touch()
    made = tomllib.loads(TEXT)
    made["pass"]["module"] = "libaetpkss.so.3"
    return made


def test_the_example_is_valid(document: dict[str, Any], tmp_path: Path) -> None:
    settings = check(document, directory=tmp_path)
    assert settings.server.ca == tmp_path / "zorg-id-root-ca.pem"
    assert settings.uzi_pass.masks == UZI_PASSES
    assert settings.card.masks == ()


@pytest.mark.parametrize("section", [ServerSettings, PassSettings, CardSettings])
def test_the_example_names_every_setting(section: type[DeskSettings]) -> None:
    for name in section.model_fields:
        assert re.search(rf"^(# )?{name} = .+#", TEXT, re.MULTILINE), name


def test_the_defaults_are_what_the_example_says(document: dict[str, Any], tmp_path: Path) -> None:
    said = check(document, directory=tmp_path)
    for section, needed in (("card", {"driver"}), ("server", {"url", "ca"})):
        document[section] = {
            name: value for name, value in document[section].items() if name in needed
        }
    del document["language"]
    assert check(document, directory=tmp_path) == said


@pytest.mark.parametrize(
    ("section", "changes", "key"),
    [
        ("server", {"url": "http://zorgid.example"}, "server.url"),
        ("server", {"ca": "missing.pem"}, "server.ca"),
        ("server", {"more": 1}, "server.more"),
        ("pass", {"driver": "usb"}, "pass.driver"),
        ("pass", {"driver": "soft"}, "pass"),
        ("pass", {"atr": ["3B FD"], "module": "missing.so"}, "pass.module"),
        ("card", {"driver": "soft"}, "card"),
        ("card", {"driver": "pkcs11", "module": "libaetpkss.so.3"}, "card"),
        ("card", {"key": "rsa-1024"}, "card.key"),
        ("card", {"pin": "emoji"}, "card.pin"),
        ("card", {"label": "Zörg"}, "card.label"),
        ("card", {"master_key": "short.key", "vendor_extensions": True}, "card.master_key"),
        ("card", {"master_key": "open.key", "vendor_extensions": True}, "card.master_key"),
        ("card", {"master_key": "good.key"}, "card"),
        ("card", {"atr": ["3G"]}, "atr"),
        ("card", {"aid": "A0 00 00 03"}, "card.aid"),
        ("card", {"aid": "A0 00 00 03 0G"}, "card.aid"),
        ("pass", {"aid": "A000000308"}, "pass"),
        ("pass", {"pin_pad": False}, "pass"),
        ("pass", {"pin_pad": "perhaps"}, "pass.pin_pad"),
    ],
)
def test_a_mistake_is_named(
    document: dict[str, Any], tmp_path: Path, section: str, changes: dict[str, Any], key: str
) -> None:
    for name, octets, mode in (("short", 16, 0o600), ("open", 32, 0o644), ("good", 32, 0o600)):
        (tmp_path / f"{name}.key").write_bytes(bytes(octets))
        (tmp_path / f"{name}.key").chmod(mode)
    document[section] |= changes
    with pytest.raises(ConfigurationInvalid) as caught:
        check(document, directory=tmp_path)
    assert caught.value.key == key
    assert caught.value.next_step


@pytest.mark.parametrize("text", [None, "language = ", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | bytes | None) -> None:
    path = tmp_path / "zorgid-card.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationInvalid) as caught:
        load(path)
    assert str(path) in caught.value.message


def test_an_application_has_the_name_that_was_given(
    document: dict[str, Any], tmp_path: Path
) -> None:
    assert check(document, directory=tmp_path).card.application == AID
    document["card"]["aid"] = "A0 00 00 03 08 00 00 10 00"
    document["pass"] = {"driver": "piv", "aid": "d276000124"}
    settings = check(document, directory=tmp_path)
    assert settings.card.application == AID + bytes.fromhex("00001000")
    assert settings.uzi_pass.application == bytes.fromhex("D276000124")
