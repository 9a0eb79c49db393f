"""CRLs outside the store: the running program keeps a folder in line, and says what fails."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import exchanged, fetched, readiness, until
from pki.api.wire import BlockRequest
from pki.domain.evidence.published import (
    INDEX,
    NEWEST,
    checkpoint_path,
    month_path,
    read_month,
    read_months,
)
from pki.domain.reasons import BlockReason
from pki.ports import SystemClock
from server.cli import run
from server.crls.examine import GRACE, examine_sinks
from server.initialise import ADMINISTRATOR
from server.settings import load

pytestmark = pytest.mark.slow

SINKS = """
[crl_folder]
path = "crl-out"
archive_days = 30

[crl_bucket]
bucket = "zorgid-crl"
endpoint = "http://127.0.0.1:9"
credentials_file = "secrets/bucket"
"""
CREDENTIALS = "[default]\naws_access_key_id = id\naws_secret_access_key = secret\n"
NAME = "zorg-id-token-ca"
DONE, FINDING, USAGE = 0, 1, 2
LEVELS = {"folder": "ok", "bucket": "problem"}


@pytest.fixture(scope="module")
def sunk(module_practice: Practice, nursery: Nursery) -> Iterator[Practice]:
    """A folder that works, and a bucket on a port where nobody listens; one card is blocked."""
    with module_practice.config.open("a", encoding="utf-8") as file:
        file.write(SINKS)
    folder(module_practice).mkdir()
    credentials = module_practice.layout.root / "secrets" / "bucket"
    credentials.write_text(CREDENTIALS, "ascii")
    credentials.chmod(0o600)
    with nursery.serving(module_practice):
        asyncio.run(block_a_card(module_practice))
        until(lambda: in_line(module_practice), "the folder shows what is served")
        yield module_practice
        assert readiness(module_practice.metrics_port) is None
    assert nursery.code == 0


async def block_a_card(practice: Practice) -> None:
    made = await practice.make_card(employee(1))
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(made.card.card_id, BlockRequest(reason=BlockReason.LOSS))


def folder(practice: Practice) -> Path:
    return practice.layout.root / "crl-out"


def archived(practice: Practice) -> set[int]:
    return {int(path.stem) for path in (folder(practice) / "archive" / NAME).glob("*.crl")}


def in_line(practice: Practice) -> bool:
    """Every list, the ceremony's too; of the Token CA also the one before the card was blocked."""
    served = {path: fetched(f"{practice.base_url}/crl/{path}") for path in names(practice)}
    shown = {path.name: path.read_bytes() for path in folder(practice).glob("*.crl")}
    return shown == served and len(archived(practice)) > 1


def names(practice: Practice) -> list[str]:
    text = practice.config.read_text("utf-8")
    return [f"{name}.crl" for name in re.findall(r'published_as = "(.+?)"', text)]


def asked(practice: Practice, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of a command, without starting the program anew."""
    with redirect_stdout(StringIO()) as printed:
        code = run([*words, "--config", str(practice.config), "--json"])
    answer = json.loads(printed.getvalue())
    return code, answer.get("result") or answer["error"]


def test_the_folder_shows_what_is_served_and_its_archive_each_number(sunk: Practice) -> None:
    code, found = asked(sunk, "crl", "list")
    assert code == DONE
    listed = {each["number"] for each in found["crls"]}
    assert len(names(sunk)) == 3
    assert max(listed) in archived(sunk)
    assert archived(sunk) <= listed


def test_the_folder_has_every_checkpoint_that_is_served(sunk: Practice) -> None:
    def same(path: str) -> bool:
        there = folder(sunk) / path
        return there.is_file() and there.read_bytes() == fetched(f"{sunk.base_url}/{path}")

    until(lambda: same(NEWEST), "the folder shows the newest checkpoint")
    (month,) = read_months((folder(sunk) / INDEX).read_bytes())
    _, listed = read_month((folder(sunk) / month_path(month)).read_bytes())
    assert listed
    assert all(same(path) for path in (INDEX, month_path(month)))
    assert all(same(checkpoint_path(each.at)) for each in listed)
    code, found = asked(
        sunk, "journal", "verify", "--checkpoint", f"{sunk.base_url}/journal/checkpoints/index.json"
    )
    assert (code, len(found["checkpoints"])) == (DONE, len(listed))


def test_a_sink_that_fails_is_seen_and_holds_up_nothing(sunk: Practice) -> None:
    def metrics() -> str:
        status, body = exchanged(f"http://127.0.0.1:{sunk.metrics_port}/metrics")
        assert status == 200
        return body.decode()

    until(lambda: 'zorgid_crl_sink_up{sink="bucket"} 0.0' in metrics(), "the bucket is down")
    found = metrics()
    assert 'zorgid_crl_sink_up{sink="folder"} 1.0' in found
    assert 'zorgid_crl_sink_waiting{sink="folder"} 0.0' in found
    assert 'zorgid_crl_sink_waiting{sink="bucket"} 3.0' in found
    assert 'zorgid_checkpoint_sink_up{sink="folder"} 1.0' in found
    until(lambda: 'zorgid_checkpoint_sink_up{sink="bucket"} 0.0' in metrics(), "no checkpoints")
    assert readiness(sunk.metrics_port) is None


def test_doctor_names_the_sink_that_fails(sunk: Practice) -> None:
    code, found = asked(sunk, "doctor")
    assert code == FINDING
    for about in ("CRL sink", "checkpoint"):
        sinks = [each for each in found["findings"] if each["about"] == about]
        levels = {re.split("[: ]", each["text"])[0]: each["level"] for each in sinks}
        assert {name: levels[name] for name in ("folder", "bucket")} == LEVELS
        assert all(each["next_step"] for each in sinks if each["level"] == "problem")


def test_doctor_names_a_list_that_is_not_shown(sunk: Practice) -> None:
    """The root's CRL, a while after the installation was made."""
    root = folder(sunk) / "zorg-id-root-ca.crl"
    octets = root.read_bytes()
    root.unlink()
    later = SystemClock().now() + 10 * GRACE
    try:
        found = [each.text for each in examine_sinks(load(sunk.config), later)]
    finally:
        root.write_bytes(octets)
    assert "folder: zorg-id-root-ca shows no CRL, not 1" in found


def test_an_auditor_gets_a_crl_of_the_past(sunk: Practice, tmp_path: Path) -> None:
    _, found = asked(sunk, "crl", "list")
    begun = found["crls"][-1]["this_update"]
    # Two that were made within one second have one thisUpdate: then the later one counts.
    oldest = next(each for each in found["crls"] if each["this_update"] == begun)
    by_number, by_time, root = (tmp_path / name for name in ("number", "time", "root"))
    code, got = asked(sunk, "crl", "get", str(by_number), "--number", str(oldest["number"]))
    assert code == DONE
    assert got["sha256"] == hashlib.sha256(by_number.read_bytes()).hexdigest()
    assert got["journal_position"] is not None
    code, then = asked(sunk, "crl", "get", str(by_time), "--at", oldest["this_update"])
    assert code == DONE
    assert by_time.read_bytes() == by_number.read_bytes()
    assert then["number"] == oldest["number"]
    assert asked(sunk, "crl", "get", str(root), "--number", "1", "--issuer", "root")[0] == DONE
    assert root.read_bytes() == (folder(sunk) / "zorg-id-root-ca.crl").read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--number", "999999"), FINDING, "zorgid crl list"),
        ((), USAGE, "either --number or --at"),
        (("--at", "yesterday"), USAGE, "write it as"),
        (("--number", "1", "--issuer", "nobody"), USAGE, "token-ca-g1"),
        (("--at", "2000-01-01T00:00:00Z"), FINDING, "zorgid crl list"),
    ],
)
def test_what_there_is_not_is_said(
    sunk: Practice, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    found_code, found = asked(sunk, "crl", "get", str(tmp_path / "none.crl"), *words)
    assert found_code == code
    assert says in found["next"]
    assert not (tmp_path / "none.crl").exists()
