"""What held when: of a card that lived, asked at the command line and over the API."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms

from installed.nursery import Nursery
from installed.practice import Practice, employee, refused, tuned
from installed.program import until
from pki.api.receipts import StatusAtView
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.event_codec import decode_time, encode_time
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import BlockReason, RevokeReason
from server.cli import run
from server.initialise import ADMINISTRATOR, TEAM

pytestmark = pytest.mark.slow

DONE, FINDING, USAGE = 0, 1, 2
TICK = timedelta(microseconds=1)
LIVED = ["unconfirmed", "good", "on-hold", "good", "on-hold", "revoked"]
NEVER = "5" * 40


@dataclass(frozen=True, kw_only=True)
class Told:
    """An installation in which one card was made, blocked, unblocked, blocked and revoked."""

    practice: Practice
    serial: SerialNumber

    def ask(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit code and the one JSON object on standard output."""
        with redirect_stdout(StringIO()) as printed:
            code = run([*words, "--json"])
        answer = json.loads(printed.getvalue())
        assert answer["ok"] is (code == DONE)
        return code, answer.get("result") or answer["error"]

    def at(
        self, moment: datetime | str, *words: str, serial: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        text = moment if isinstance(moment, str) else encode_time(moment)
        words = ("--time", text, "--config", str(self.practice.config), *words)
        return self.ask("status", "at", "--serial", serial or self.serial.hex, *words)

    def api(self, who: str, moment: datetime, serial: SerialNumber | None = None) -> StatusAtView:
        return asyncio.run(self.asked(who, moment, serial))

    async def asked(
        self, who: str, moment: datetime, serial: SerialNumber | None = None
    ) -> StatusAtView:
        async with self.practice.client(who) as client:
            return await client.status_at(serial or self.serial, moment, statement=True)


async def live_and_die(practice: Practice) -> SerialNumber:
    made = (await practice.make_card(employee(1))).card
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(made.card_id, BlockRequest(reason=BlockReason.LOSS))
        await administrator.unblock(made.card_id)
        held = await administrator.block(made.card_id, BlockRequest(reason=BlockReason.LOSS))
        since = held.change.at - timedelta(microseconds=1)
        last = RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT, compromised_since=since)
        await administrator.revoke(made.card_id, last)
    assert made.serial is not None
    return made.serial


@pytest.fixture(scope="module")
def told(module_practice: Practice, nursery: Nursery) -> Iterator[Told]:
    with nursery.serving(module_practice):
        serial = asyncio.run(live_and_die(module_practice))
        made = Told(practice=module_practice, serial=serial)
        # A moment is settled once an entry follows it: here the CRL that lists the revocation.
        until(lambda: made.at(revocation(made))[0] == DONE, "the revocation is settled")
        yield made


def revocation(told: Told) -> str:
    shown = told.ask("cert", "show", told.serial.hex, "--config", str(told.practice.config))[1]
    return str(shown["status"][-1]["since"])


@pytest.fixture(scope="module")
def history(told: Told) -> list[dict[str, Any]]:
    code, found = told.at(revocation(told))
    assert code == DONE
    intervals: list[dict[str, Any]] = found["history"]
    return intervals


def test_command_and_api_agree_at_both_sides_of_every_change(
    told: Told, history: list[dict[str, Any]]
) -> None:
    assert [each["status"] for each in history] == LIVED
    before = "not-issued"
    for interval in history:
        since = decode_time(interval["since"])
        for moment, expected in ((since - TICK, before), (since, interval["status"])):
            view = told.api(TEAM, moment)
            assert (view.status, view.valid) == (expected, expected == "good")
        before = interval["status"]
    code, found = told.at(decode_time(history[1]["since"]))
    assert (code, found["answer"]["status"], found["answer"]["valid"]) == (DONE, "good", True)


def test_the_revocation_keeps_the_date_of_the_block(
    told: Told, history: list[dict[str, Any]]
) -> None:
    answer = told.at(history[-1]["since"])[1]["answer"]
    assert answer["revoked_at"] == history[-2]["since"]
    assert (answer["reason"], answer["ocsp"], answer["crl"]) == (
        "keyCompromise",
        "revoked",
        "listed",
    )


def test_since_when_the_key_is_compromised_is_told_of_every_moment(
    told: Told, history: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    since = encode_time(decode_time(history[-2]["since"]) - TICK)
    assert [each["compromised_since"] for each in history] == [None] * 5 + [since]
    good = decode_time(history[1]["since"])
    assert told.at(good)[1]["answer"]["compromised_since"] == since
    assert told.api(ADMINISTRATOR, good).compromised_since == decode_time(since)
    capsys.readouterr()
    config = str(told.practice.config)
    assert run(["cert", "show", told.serial.hex, "--config", config]) == DONE
    assert f"compromised since {since}" in capsys.readouterr().out


@pytest.mark.openssl
def test_a_statement_verifies_with_openssl_and_with_ours_and_agrees_with_the_export(
    told: Told, history: list[dict[str, Any]], tmp_path: Path
) -> None:
    file, export = tmp_path / "statement.p7m", tmp_path / "journal.jsonl"
    code, found = told.at(history[2]["since"], "--statement", str(file))
    assert (code, found["statement"]) == (DONE, str(file))
    root = str(told.practice.layout.certificate("root"))
    words = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(file)]
    done = subprocess.run([*words, "-CAfile", root], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert {name: content[name] for name in content if name != "made_at"} == {
        name: found[name] for name in found if name != "statement"
    }
    code, verified = told.ask("status", "verify", str(file), "--root", root)
    assert (code, verified["answer"]) == (DONE, content["answer"])
    assert verified["signed_by"] == "CN=ZORG-ID Evidence,O=ZORG-ID PRACTICE,C=NL"
    config = str(told.practice.config)
    assert told.ask("journal", "export", str(export), "--config", config)[0] == DONE
    lines = map(json.loads, export.read_bytes().splitlines())
    exported = {each["position"]: each for each in lines}
    assert len(content["entries"]) == len(LIVED)
    assert all(exported[each["position"]] == each for each in content["entries"])
    head = content["journal"]
    assert exported[head["position"]]["digest"] == head["digest"]


def test_the_api_gives_the_same_statement(told: Told, history: list[dict[str, Any]]) -> None:
    moment = decode_time(history[3]["since"])
    view = told.api(ADMINISTRATOR, moment)
    assert view.statement is not None
    signed = cms.ContentInfo.load(view.statement)["content"]
    content = json.loads(signed["encap_content_info"]["content"].native)
    assert (content["serial"], content["at"]) == (told.serial.hex, encode_time(moment))
    assert content["answer"]["status"] == view.status == "good"
    assert content["answer"]["position"] == view.position


def test_a_changed_statement_is_refused(
    told: Told, history: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "statement.p7m"
    assert told.at(history[2]["since"], "--statement", str(file))[0] == DONE
    file.write_bytes(file.read_bytes().replace(b'"on-hold"', b'"Good!!!"'))
    root = str(told.practice.layout.certificate("root"))
    code, error = told.ask("status", "verify", str(file), "--root", root)
    assert (code, error["type"]) == (USAGE, "malformed")
    other = str(told.practice.layout.certificate("api"))
    assert told.ask("status", "verify", str(told.practice.config), "--root", other)[0] == USAGE


def test_what_is_not_known_is_refused(told: Told, history: list[dict[str, Any]]) -> None:
    now = datetime.now(UTC)  # noqa: TID251 -- the real program runs by the real clock
    expected = {
        encode_time(now + timedelta(hours=1)): (USAGE, "malformed"),
        "2020-01-01T00:00:00Z": (FINDING, "not-found"),
        "yesterday": (USAGE, "malformed"),
    }
    for moment, said in expected.items():
        code, error = told.at(moment)
        assert (code, error["type"]) == said
    assert told.at(history[2]["since"], "--issuer", "token-ca-g9")[0] == USAGE
    code, error = told.at(history[2]["since"], "--statement", str(told.practice.config))
    assert (code, error["type"]) == (USAGE, "configuration-invalid")


def test_a_serial_never_issued(told: Told, history: list[dict[str, Any]]) -> None:
    code, found = told.at(history[2]["since"], serial=NEVER)
    assert (code, found["answer"]["status"], found["issuer"]) == (DONE, "not-issued", None)
    asked = ("--issuer", "token-ca-g1")
    assert told.at(history[2]["since"], *asked, serial=NEVER)[1]["issuer"] == "token-ca-g1"
    moment = decode_time(history[2]["since"])
    assert told.api(TEAM, moment, SerialNumber.parse(NEVER)).status == "not-issued"
    problem = asyncio.run(
        refused(told.asked(ADMINISTRATOR, moment, SerialNumber.parse(NEVER)))
    ).problem
    assert problem.status == 404


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('"ca/evidence.pem"', '"ca/api.pem"', "configuration-invalid"),
        ('"ca/evidence.pem"', '"ca/token-ca-g1.pem"', "configuration-invalid"),
        ('"keys/evidence.pem"', '"keys/status-node.pem"', "key-mismatch"),
        ("[evidence]\ncertificate", "[services_ca_spare]\ncertificate", "configuration-invalid"),
    ],
    ids=["not for evidence", "of another CA", "another key", "unknown section"],
)
def test_nothing_is_signed_with_what_does_not_fit(
    told: Told, history: list[dict[str, Any]], tmp_path: Path, old: str, new: str, kind: str
) -> None:
    config = told.practice.config.with_name("unfit.toml")
    config.write_text(tuned(told.practice.config.read_text("utf-8"), (old, new)), "utf-8")
    target = tmp_path / "statement.p7m"
    words = ("--statement", str(target), "--config", str(config))
    code, error = told.at(history[2]["since"], *words)
    assert (code != DONE, error["type"], target.exists()) == (True, kind, False)


def test_only_operators_may_ask(told: Told, history: list[dict[str, Any]]) -> None:
    async def ask() -> int:
        async with told.practice.client() as nobody:
            asked = nobody.status_at(told.serial, decode_time(history[2]["since"]))
            return (await refused(asked)).problem.status

    assert asyncio.run(ask()) == 401


def test_people_read_it_too(
    told: Told, history: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["status", "at", "--serial", told.serial.hex, "--time", history[2]["since"]]
    assert run([*words, "--config", str(told.practice.config)]) == DONE
    shown = capsys.readouterr().out
    assert "status             on-hold" in shown
    assert "signatures of then not to be accepted" in shown
    assert "card.blocked" in shown
