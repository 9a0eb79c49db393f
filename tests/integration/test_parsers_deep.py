"""What is nested or long beyond reason, to every parser that meets the outside."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fuzzed.parsers import PARSERS, REFUSALS
from pki.domain.errors import ConfigurationInvalid
from server.settings import load

DEEP: Final = 30_000
BOMBS: Final = {
    "JSON lists": b"[" * DEEP + b"]" * DEEP,
    "JSON lists without end": b"[" * DEEP,
    "JSON objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "JSON lists in a field": b'{"type":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a number": b"9" * DEEP,
    "a number in a field": b'{"position":' + b"9" * DEEP + b"}",
    "an exponent": b'{"position":1e' + b"9" * 400 + b"}",
    "a JSON text": b'{"type":"' + b"\\u0041" * DEEP + b'"}',
    "TOML lists": b"a = " + b"[" * DEEP + b"]" * DEEP,
    "TOML tables": b"a = " + b"{b = " * DEEP + b"1" + b"}" * DEEP,
    "TOML names": b".".join([b"a"] * 2000) + b" = 1",
    "TOML headers": b"[" + b".".join([b"a"] * 2000) + b"]",
    "a TOML number": b"a = " + b"9" * DEEP,
    "XML elements": b"<a>" * DEEP + b"</a>" * DEEP,
    "XML attributes": b"<a " + b" ".join(b'b%d="c"' % at for at in range(5000)) + b"/>",
    "XML entities": b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
    "DER sequences": b"\x30\x80" * DEEP,
    "DER lengths": b"\x30\x84\xff\xff\xff\xff" * 5000,
    "a DER number": b"\x30\x84\x00\x00\x75\x34\x02\x84\x00\x00\x75\x30" + b"\x7f" * DEEP,
    "a DER identifier": b"\x06\x82\x75\x30" + b"\x81" * DEEP,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("parser", PARSERS, ids=range(len(PARSERS)))
def test_it_is_read_or_refused(parser: Callable[[bytes], object], name: str) -> None:
    """Nothing else is raised, and no recursion ends the process."""
    with contextlib.suppress(*REFUSALS):
        parser(BOMBS[name])


@pytest.mark.parametrize("text", ["a = " + "[" * 9000, "a = " + "9" * 9000])
def test_what_python_itself_cannot_parse_says_what_to_do(text: str, tmp_path: Path) -> None:
    path = tmp_path / "zorgid.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        load(path)
    assert caught.value.next_step
