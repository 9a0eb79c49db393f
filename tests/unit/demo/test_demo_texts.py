"""The story's words: complete in both languages, used, and never with the wrong names in braces."""

import re
import string
from pathlib import Path

import pytest

from server.demo.telling.texts import LANGUAGES, TEXTS, Texts

SOURCES = Path(__file__).resolve().parents[3] / "server" / "demo"
CALLS = re.compile(
    r"(?:\.(?:say|good|title)\(|\btexts\(|\.step\(\s*[0-9]+,|_change\(\s*play,)\s*\"([a-z_]+)\""
)


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_something_with_the_same_names(key: str) -> None:
    text = TEXTS[key]
    assert text.nl.strip()
    assert text.en.strip()
    assert names(text.nl) == names(text.en)


def test_every_text_that_is_asked_for_is_there_and_every_text_is_asked_for() -> None:
    source = "\n".join(path.read_text() for path in SOURCES.rglob("*.py"))
    asked = set(CALLS.findall(source)) | {"confirm"}
    assert asked == set(TEXTS)


@pytest.mark.parametrize(
    ("language", "expected"), [("nl", "Klaar in 3 s."), ("en", "Done in 3 s.")]
)
def test_a_text_is_filled_in_in_its_language(language: str, expected: str) -> None:
    assert Texts(language)("told", seconds=3) == expected


def test_dutch_addresses_the_reader_as_u() -> None:
    dutch = " ".join(text.nl for text in TEXTS.values()).lower()
    assert not re.search(r"\b(je|jij|jouw|jullie)\b", dutch)
    assert LANGUAGES[0] == "nl"
