"""The story's layout: commands that can be repeated, figures under each other, any terminal."""

import io
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.demo.telling.narrator import DemoFailed, Narrator, command_lines, table_lines
from server.demo.telling.texts import Texts

WORDS = st.lists(st.text(min_size=1, max_size=40).filter(lambda word: "\n" not in word), min_size=1)


def told(encoding: str = "utf-8", width: int = 60) -> tuple[Narrator, io.BytesIO]:
    octets = io.BytesIO()
    stream = io.TextIOWrapper(octets, encoding=encoding, newline="")
    return Narrator(stream=stream, texts=Texts("nl"), width=width), octets


@given(WORDS, st.integers(min_value=20, max_value=100))
def test_a_broken_command_is_the_same_command(words: list[str], width: int) -> None:
    text = "\n".join(command_lines(words, width))
    assert shlex.split(text.replace("\\\n", "")) == words


def test_a_long_command_is_broken_between_words() -> None:
    lines = command_lines(["openssl", "verify", "-CAfile", "a" * 30, "card.pem"], 40)
    assert lines == ["openssl verify \\", f"    -CAfile {chr(97) * 30} \\", "    card.pem"]


def test_figures_stand_under_each_other() -> None:
    rows = [["change", "OCSP", "CRL"], ["gedeblokkeerd", "3 ms", "1204 ms"], ["é", "12 ms", "–"]]
    lines = table_lines(rows)
    assert lines == [
        "change           OCSP       CRL",
        "gedeblokkeerd    3 ms   1204 ms",
        "é               12 ms         –",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_terminal_can_show_it(encoding: str) -> None:
    narrator, octets = told(encoding)
    narrator.good("other_card", name="Şeyma Öztürk")
    text = octets.getvalue().decode(encoding)
    assert text.lstrip().startswith("✓" if encoding == "utf-8" else "ok")
    assert "heeft nu een kaart" in text


def test_sentences_are_wrapped_and_nothing_is_lost() -> None:
    narrator, octets = told(width=50)
    narrator.say("intro")
    lines = octets.getvalue().decode().splitlines()
    assert max(map(len, lines)) <= 50
    assert " ".join(" ".join(lines).split()) == Texts("nl")("intro")


def test_no_escape_sequence_is_written_to_what_is_no_terminal() -> None:
    narrator, octets = told()
    narrator.title("title")
    narrator.step(1, "step_server")
    assert b"\x1b" not in octets.getvalue()


def test_a_failed_expectation_names_step_expected_and_seen() -> None:
    narrator, octets = told()
    narrator.step(4, "step_tools")
    narrator.expect(True, expected="good", seen="good")
    with pytest.raises(DemoFailed) as raised:
        narrator.expect(False, expected="good", seen="revoked")
    failed = raised.value
    assert (failed.step, failed.expected, failed.seen) == (narrator.current, "good", "revoked")
    assert "4." in failed.message
    assert "revoked" in failed.message
    narrator.failure(failed)
    text = octets.getvalue().decode()
    assert "verwacht: good" in text
    assert "gezien: revoked" in text
