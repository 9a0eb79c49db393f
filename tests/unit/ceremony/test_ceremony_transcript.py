"""The transcript's chain: any byte, line or order that changed is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.ceremony.state import State
from ca.ceremony.transcript import Kind, Line, following, read_lines, whole_lines
from pki.domain.errors import ChainBroken

EPOCH = datetime(2027, 1, 12, 9, tzinfo=UTC)


def _lines(*entries: tuple[str, dict[str, Any]]) -> list[Line]:
    lines: list[Line] = []
    for number, (kind, data) in enumerate(entries):
        at = EPOCH + timedelta(seconds=number)
        lines.append(following(lines, at=at, kind=kind, data=data))
    return lines


LINES = _lines(
    (Kind.BEGIN, {"digest": "ab", "practice": True}),
    (Kind.PRESENT, {"operators": ["Ä", "B"], "witnesses": ["W"]}),
    (Kind.MADE, {"files": [{"name": "a", "role": "key", "sha256": "00"}]}),
    (Kind.DONE, {"step": "key"}),
    (Kind.END, {"files": {"a": "00"}, "witnesses": ["W"]}),
)
OCTETS = b"".join(line.octets for line in LINES)


def test_what_is_written_is_read() -> None:
    assert list(read_lines(OCTETS)) == LINES


@given(st.integers(0, len(OCTETS) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(at: int, mask: int) -> None:
    changed = OCTETS[:at] + bytes([OCTETS[at] ^ mask]) + OCTETS[at + 1 :]
    with pytest.raises(ChainBroken) as broken:
        read_lines(changed)
    line = OCTETS[:at].count(b"\n") + 1
    assert broken.value.position in {line, line + 1}


@given(st.permutations(range(len(LINES))))
def test_any_other_order_is_found(order: list[int]) -> None:
    octets = b"".join(LINES[place].octets for place in order)
    if order == sorted(order):
        assert read_lines(octets)
        return
    with pytest.raises(ChainBroken, match="missing or moved"):
        read_lines(octets)


@pytest.mark.parametrize("octets", [b"", b"{}\n", b"[]\n", OCTETS[:-1], OCTETS + b"\n"])
def test_what_is_no_transcript_is_refused(octets: bytes) -> None:
    with pytest.raises(ChainBroken):
        read_lines(octets)


def test_a_line_cut_off_while_being_written_is_left_out() -> None:
    whole = whole_lines(OCTETS + b'{"at":"2027')
    assert whole == OCTETS
    assert whole_lines(b'{"at"') == b""


def test_other_spelling_of_the_same_json_is_a_change() -> None:
    spaced = OCTETS.replace(b'"data":{', b'"data": {', 1)
    with pytest.raises(ChainBroken, match="line 1 was changed"):
        read_lines(spaced)


def test_the_state_follows_from_the_lines() -> None:
    state = State(lines=LINES)
    assert state.done == ("key",)
    assert [each.name for each in state.files] == ["a"]
    assert state.end == LINES[-1]
    assert not state.complete
    signed = following(LINES, at=EPOCH, kind=Kind.SIGNATURE, data={"witness": "W"})
    assert State(lines=[*LINES, signed]).complete


@pytest.mark.parametrize(
    ("entries", "is_open"),
    [
        ([], False),
        ([(Kind.INTENDED, {"label": "k"})], True),
        ([(Kind.INTENDED, {"label": "k"}), (Kind.MADE, {"files": [], "label": "k"})], False),
        ([(Kind.INTENDED, {"label": "k"}), (Kind.ABANDONED, {"label": "k"})], False),
        ([(Kind.INTENDED, {"label": "k", "destroy": True})], False),
    ],
)
def test_a_key_that_a_token_was_asked_for(
    entries: list[tuple[str, dict[str, Any]]], *, is_open: bool
) -> None:
    assert (State(lines=_lines(*entries)).key_open is not None) is is_open
