"""What passes between a server and the process of its module: every kind there and back."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, EnvironmentMissing, SignerUnavailable
from pki.keys.pkcs11.ports import KeyMissing, KeyName, Operation, TokenObject
from pki.keys.pkcs11.wire import (
    Answer,
    Destroy,
    Event,
    Find,
    FoundKey,
    Generate,
    GivePin,
    List,
    Reach,
    Sign,
    decoded,
    encoded,
)

KEY = KeyName(token="t", key_id=b"\x00\xff", label="één")
OBJECT = TokenObject(
    kind="private_key", key_id=b"\x01", label="x", key_type="rsa", attributes={"sign": True}
)
VALUES = [
    GivePin(token="t", pin=b"\x80 0", again=True),
    Reach(token="t"),
    Find(key=KEY),
    Sign(key=KEY, operation=Operation(mechanism="RSA_PKCS_PSS", data=bytes(32), digest="sha256")),
    List(token="t"),
    Generate(key=KeyName(token="t", key_id=b""), key_type=KeyType.P256),
    Destroy(key=KEY),
    Answer(outcome=bytes(range(256)), events=[Event(name="Gone", token="t", fault="why")]),
    Answer(outcome=[OBJECT], events=[]),
    Answer(outcome=[], events=[]),
    Answer(outcome=None, events=[]),
    Answer(
        outcome=FoundKey(public_key=b"\x30", mechanisms=frozenset({"ECDSA", "EDDSA"})), events=[]
    ),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_kind_comes_back(value: object) -> None:
    line = encoded(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decoded(line) == value


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationInvalid(key="module", message="no module", next_step="name one"),
        EnvironmentMissing(message="no library", next_step="install it"),
        SignerUnavailable(message="gone", next_step="look"),
        KeyMissing("there is no such key"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_comes_back(error: ConfigurationInvalid | KeyMissing) -> None:
    back = decoded(encoded(Answer(error=error, events=[])))
    assert isinstance(back, Answer)
    assert type(back.error) is type(error)
    assert vars(back.error) == vars(error)
    assert str(back.error) == str(error)


def test_a_pin_does_not_show() -> None:
    assert "secret" not in repr(GivePin(token="t", pin=b"secret", again=False))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[[]]",
        '["Popen", "ls"]',
        '["bytes"]',
        '["bytes", "0g"]',
        '["bytes", 1]',
        '["KeyType", "rsa-1"]',
        '["KeyName", "t"]',
        '["frozenset", ["list"]]',
        "[" * 100_000,
        '["Sign", ["KeyName", "t", ["bytes", "00"], null], ["Operation", "X", null, null]]\n',
        '["Sign", ["KeyName", "t", null, null], ["Operation", "X", ["bytes", "0g"], null]]\n',
        '["Sign", ["KeyName", "t", null, null], ["Operation", "X", ["bytes", "00", "11"], null]]\n',
        '["Sign", "t"]\n',
        '["Answer", ["list"], ["bytes", "0g"], null]\n',
        '["Answer", ["list"], ["bytes", "00", "11"], null]\n',
    ],
)
def test_what_is_not_of_these_kinds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(text.encode())


_NAMES = st.text(max_size=12) | st.sampled_from(['"', '["bytes", "', "\\", "é"])
_KEYS = st.builds(KeyName, token=_NAMES, key_id=st.binary(max_size=4), label=st.none() | _NAMES)
_OPERATIONS = st.builds(
    Operation, mechanism=_NAMES, data=st.binary(max_size=300), digest=st.none() | _NAMES
)


@given(st.builds(Sign, key=_KEYS, operation=_OPERATIONS))
def test_the_short_way_writes_and_reads_requests_as_the_long_one(request: Sign) -> None:
    key, asked = request.key, request.operation
    long = [
        "Sign",
        ["KeyName", key.token, ["bytes", key.key_id.hex()], key.label],
        ["Operation", asked.mechanism, ["bytes", asked.data.hex()], asked.digest],
    ]
    line = encoded(request)
    assert line == json.dumps(long).encode() + b"\n"
    assert decoded(line) == request


@given(st.binary(max_size=600))
def test_the_short_way_writes_and_reads_signatures_as_the_long_one(signature: bytes) -> None:
    line = encoded(Answer(outcome=signature, events=[]))
    long = ["Answer", ["list"], ["bytes", signature.hex()], None]
    assert line == json.dumps(long).encode() + b"\n"
    assert decoded(line) == Answer(outcome=signature, events=[])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(
        inner | st.sampled_from(["bytes", "list", "KeyName", "Answer", "KeyMissing"]), max_size=8
    ),
)


@given(_JSON)
def test_any_json_is_a_value_or_refused(value: object) -> None:
    with suppress(ValueError):
        decoded(json.dumps(value).encode())
