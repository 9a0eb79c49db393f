"""Logs: everything useful shows, nothing personal or secret does, whatever way it came in."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from pki.domain.errors import SignerUnavailable, ZorgidError
from pki.domain.identifiers import CardId, IssuerId, SerialNumber, Ura, UziNumber
from pki.domain.people import BirthDate, PersonName
from pki.domain.reasons import RefusalReason
from pki.telemetry.logs import bound_request, configure_logging, current_request
from pki.telemetry.redaction import is_secret_name, shown

CANARY = "kanarie"
LOG = logging.getLogger("test.telemetry")


class Lines:
    def __init__(self, *, readable: bool = False) -> None:
        self.stream = io.StringIO()
        configure_logging("debug", stream=self.stream, readable=readable)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def last(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.text.splitlines()[-1])
        return line


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_line_is_one_json_object_with_its_fields() -> None:
    lines = Lines()
    LOG.info("CRL %s published", "g1", extra={"number": 7, "entries": [1, 2], "ok": True})
    line = lines.last
    moment = datetime.fromisoformat(line.pop("time"))
    assert moment.tzinfo == UTC
    assert line == {
        "level": "info",
        "logger": "test.telemetry",
        "message": "CRL g1 published",
        "number": 7,
        "entries": [1, 2],
        "ok": True,
    }


def test_identifiers_and_plain_values_show() -> None:
    card, issuer = CardId("a" * 32), IssuerId("token-ca-g1")
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    assert shown(card) == "a" * 32
    assert shown(issuer) == "token-ca-g1"
    assert shown(SerialNumber(255)) == f"{255:040x}"
    assert shown(Ura("90000382")) == "90000382"
    assert shown(RefusalReason.PASS_REVOKED) == "pass-revoked"
    assert shown(moment) == "2026-11-22T00:00:00+00:00"
    assert shown(PurePosixPath("/tmp/x")) == "/tmp/x"  # noqa: S108 -- a path as text
    assert shown(timedelta(seconds=1)) == "0:00:01"
    assert shown({"a": (1, None, 2.5)}) == {"a": [1, None, 2.5]}


class Password(str):
    __slots__ = ()


HIDDEN: list[object] = [
    BirthDate(date(1970, 1, 2)),
    date(1970, 1, 2),
    SecretStr(CANARY),
    SecretBytes(CANARY.encode()),
    CANARY.encode(),
    bytearray(CANARY.encode()),
    UziNumber("900021219"),
    PersonName(surname=CANARY, given_names=CANARY, common_name=CANARY),
    Password(CANARY),
    object(),
]
TRACES = (CANARY, "1970", "900021219", CANARY.encode().hex())


@pytest.mark.parametrize("value", HIDDEN, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("readable", [False, True])
def test_what_is_personal_or_secret_never_shows(value: object, readable: bool) -> None:
    lines = Lines(readable=readable)
    LOG.info("plain", extra={"field": value})
    LOG.info("nested", extra={"field": {"deep": [value, (value,)]}})
    LOG.info("argument %s %r", value, value)
    LOG.info("named %(it)s", {"it": value})
    LOG.info(value)
    assert len(lines.text.splitlines()) == 5
    assert not [trace for trace in TRACES if trace in lines.text]


@pytest.mark.parametrize(
    "name", ["pin", "PIN", "puk", "password", "token", "birth_date", "new-pin", "bearer_token"]
)
def test_fields_with_a_secret_name_are_left_out(name: str) -> None:
    lines = Lines()
    LOG.info("words", extra={name: CANARY, "body": {name: CANARY, "kept": 1}})
    assert CANARY not in lines.text
    assert lines.last["body"] == {"kept": 1}
    assert name not in lines.last


@pytest.mark.parametrize("name", ["pinned", "issuer", "spin", "tokens_left", "input"])
def test_other_names_stay(name: str) -> None:
    assert not is_secret_name(name)


class Model(BaseModel):
    birth_date: date


def raise_foreign() -> None:
    Model.model_validate({"birth_date": CANARY})


def test_the_text_of_a_foreign_error_does_not_show_but_where_it_broke_does() -> None:
    lines = Lines()
    try:
        raise_foreign()
    except ValidationError:
        LOG.exception("broke")
    assert CANARY not in lines.text
    error = lines.last["error"]
    assert error["type"] == "ValidationError"
    assert any("in raise_foreign" in frame for frame in error["frames"])


def test_an_error_of_ours_says_what_it_is_and_what_to_do() -> None:
    lines = Lines()
    try:
        raise SignerUnavailable(message="no key", next_step="insert it") from ValueError(CANARY)
    except ZorgidError as failure:
        LOG.warning("failed: %s", failure, exc_info=True)
    error = lines.last["error"]
    assert lines.last["message"] == "failed: no key"
    assert (error["code"], error["message"]) == ("signer-unavailable", "no key")
    assert error["next_step"] == "insert it"
    assert error["cause"] == {"type": "ValueError", "message": "<ValueError>"}
    assert CANARY not in lines.text


def test_an_operating_system_error_keeps_its_reason() -> None:
    lines = Lines()
    LOG.warning("cannot: %s", FileNotFoundError(2, "No such file", CANARY))
    assert lines.last["message"] == "cannot: FileNotFoundError: No such file"


@given(text=st.text())
def test_no_text_breaks_out_of_its_line(text: str) -> None:
    for readable in (False, True):
        lines = Lines(readable=readable)
        LOG.info("said: %s", text, extra={"what": text})
        assert lines.text.count("\n") == 1
        assert not any(char in lines.text for char in "\x1b\r\x00\x85")


def test_arguments_that_do_not_fit_lose_no_line_and_show_nothing() -> None:
    lines = Lines()
    LOG.info("%d cards", CANARY)
    LOG.info("%s %s", *[CANARY])
    assert lines.text.count("do not fit") == 2
    assert CANARY not in lines.text


def test_a_record_that_cannot_be_written_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.stream.close()
    LOG.info("gone", extra={"field": CANARY})
    assert CANARY not in "".join(capsys.readouterr())


def test_the_readable_form_is_for_people() -> None:
    lines = Lines(readable=True)
    LOG.warning("late", extra={"issuer": "g1"})
    try:
        raise SignerUnavailable(message="no key")
    except ZorgidError:
        LOG.exception("broke")
    first, second, third, *_frames = lines.text.splitlines()
    assert first.endswith('test.telemetry: late  issuer="g1"')
    assert second.endswith("test.telemetry: broke")
    assert '"message": "no key"' in third


def test_a_level_below_the_chosen_one_is_silent() -> None:
    stream = io.StringIO()
    configure_logging("warning", stream=stream, readable=False)
    LOG.info("unheard")
    LOG.warning("heard")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["heard"]


def test_configuring_twice_writes_once() -> None:
    Lines()
    lines = Lines()
    LOG.info("once")
    assert len(lines.text.splitlines()) == 1


async def test_the_request_id_follows_the_work() -> None:
    lines = Lines()

    async def serve(request_id: str) -> None:
        with bound_request(request_id):
            await asyncio.sleep(0)
            LOG.info("served %s", request_id)
            assert current_request() == request_id

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(serve(f"r{number}"))
    LOG.info("after")
    found = [json.loads(line) for line in lines.text.splitlines()]
    assert {line["message"]: line.get("request_id") for line in found} == {
        "served r0": "r0",
        "served r1": "r1",
        "served r2": "r2",
        "after": None,
    }
