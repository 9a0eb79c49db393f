"""The demo as a person starts it: what it leaves for others while it runs, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from peers import program, require
from server.demo.cards import AT_READERS, DOCTOR, EMPLOYEES
from server.demo.proofs import Proofs
from server.demo.readers.making import PIN_OF_CARD, PIN_OF_PASS
from server.demo.telling.narrator import DemoFailed, Narrator
from server.demo.telling.texts import Texts
from server.demo.telling.tools import Tools
from server.demo.watching import Addresses, Shown

pytestmark = [
    pytest.mark.openssl,
    pytest.mark.slapd,
    pytest.mark.pcsc,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

FILES = {
    "api_ca",
    "admin_cert",
    "admin_key",
    "root",
    "token_ca",
    "ocsp_responder",
    "uzi_root",
    "card_good",
    "card_blocked",
    "card_revoked",
    "card_never_issued",
    "card_good_key",
    "card_revoked_key",
    "card_chain",
}
URLS = {"ocsp", "crl_token", "crl_root", "ca_issuers", "api", "ldap"}
READERS = ("--readers", str(Path(__file__).parents[1] / "demo_readers.py"))
COMMAND = (sys.executable, "-m", "server.cli", "demo")


@dataclass(frozen=True)
class Held:
    process: subprocess.Popen[str]
    directory: Path
    outcome: dict[str, Any]
    story: Path

    @property
    def file(self) -> Path:
        return self.directory / "demo.json"

    @property
    def demo(self) -> dict[str, Any]:
        demo: dict[str, Any] = self.outcome["result"]["demo"]
        return demo


def processes_of(directory: Path) -> list[str]:
    """Command lines of processes that were started with something of this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line and int(path.parent.name) != os.getpid():
            found.append(line)
    return found


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    for peer in ("openssl", "slapd", "curl", "pcsc"):
        require(peer)
    place = tmp_path_factory.mktemp("demo")
    story = place / "story.txt"
    options = ("--dir", str(place / "here"), "--hold", "--json", "--lang", "en", *READERS)
    with story.open("w") as said:
        process = subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=said, text=True
        )
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, story.read_text()
            outcome = json.loads(line)
            assert outcome["ok"] is True
            yield Held(process, place / "here", outcome, story)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def openssl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)


def test_the_file_for_others_is_complete_and_for_its_owner_alone(held: Held) -> None:
    demo = json.loads(held.file.read_text())
    assert demo == held.demo
    assert set(demo) == FILES | URLS | {"version", "pid", "ldap_base"}
    assert demo["version"] == 1
    assert demo["pid"] == held.process.pid
    assert held.file.stat().st_mode & 0o777 == 0o600
    for name in FILES:
        assert Path(demo[name]).is_absolute()
        assert Path(demo[name]).is_file()
    for name in URLS:
        assert re.match(r"(http|https|ldap)://[^/]+:[0-9]+", demo[name])


@pytest.mark.parametrize(
    ("card", "status"),
    [
        ("card_good", ": good"),
        ("card_chain", ": good"),
        ("card_blocked", "Reason: certificateHold"),
        ("card_revoked", "Reason: keyCompromise"),
        ("card_never_issued", ": unknown"),
    ],
)
@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_finds_each_card_as_it_should_be(
    held: Held, card: str, status: str, digest: str
) -> None:
    demo = held.demo
    trust = ("-CAfile", demo["root"], "-issuer", demo["token_ca"])
    ran = openssl("ocsp", *trust, digest, "-cert", demo[card], "-nonce", "-url", demo["ocsp"])
    assert ran.returncode == 0
    assert "Response verify OK" in ran.stderr
    assert status in ran.stdout


@pytest.mark.parametrize(
    "card", ["card_good", "card_chain", "card_blocked", "card_revoked", "card_never_issued"]
)
def test_every_card_is_signed_by_the_same_key(held: Held, card: str) -> None:
    demo = held.demo
    chain = ("-CAfile", demo["root"], "-untrusted", demo["token_ca"])
    ran = openssl("verify", "-x509_strict", "-purpose", "sslclient", *chain, demo[card])
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("card", ["good", "revoked"])
def test_the_keys_are_those_of_the_cards(held: Held, card: str) -> None:
    key = openssl("pkey", "-in", held.demo[f"card_{card}_key"], "-pubout")
    certificate = openssl("x509", "-in", held.demo[f"card_{card}"], "-noout", "-pubkey")
    assert key.stdout == certificate.stdout
    assert "PUBLIC KEY" in key.stdout


def test_the_responder_is_certified_by_the_token_ca(held: Held) -> None:
    demo = held.demo
    chain = ("-CAfile", demo["root"], "-untrusted", demo["token_ca"])
    ran = openssl("verify", "-purpose", "ocsphelper", *chain, demo["ocsp_responder"])
    assert ran.returncode == 0, ran.stderr


def test_the_administrator_can_ask_the_api_with_curl(held: Held) -> None:
    demo = held.demo
    serial = openssl("x509", "-in", demo["card_blocked"], "-noout", "-serial").stdout
    url = f"{demo['api']}/v1/certificates/{serial.strip().removeprefix('serial=').lower()}"
    identity = (
        "--cacert",
        demo["api_ca"],
        "--cert",
        demo["admin_cert"],
        "--key",
        demo["admin_key"],
    )
    ran = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--fail", "--cacert", demo["api_ca"], *identity, url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["status"] == "on-hold"


def test_a_change_has_its_delay_in_every_view(held: Held) -> None:
    delays = held.outcome["result"]["delays_seconds"]
    assert set(delays) == {"confirm", "block", "unblock", "block_again", "revoke"}
    for change, row in delays.items():
        assert set(row) == ({"OCSP", "LDAP"} if change == "confirm" else {"OCSP", "CRL", "LDAP"})
        assert all(seconds >= 0 for seconds in row.values())


def test_the_story_tells_no_secret_and_no_birth_date(held: Held) -> None:
    story = held.story.read_text()
    assert "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder." in story
    log = (held.directory / "server.log").read_text()
    said = story + json.dumps(held.outcome) + log
    passphrase = (held.directory / "secrets" / "passphrase").read_text()
    assert passphrase not in said
    assert "PRIVATE KEY" not in said
    for pin in (PIN_OF_PASS, PIN_OF_CARD):
        assert pin.decode() not in said
    for someone in (*EMPLOYEES, AT_READERS, DOCTOR):
        assert someone.birth_date.isoformat() not in said
        assert str(someone.uzi_number) not in log


async def test_a_proof_that_does_not_hold_stops_the_story(held: Held) -> None:
    demo = held.demo
    narrator = Narrator(stream=(held.directory / "again.txt").open("w"), texts=Texts("en"))
    narrator.step(4, "step_tools")
    proofs = Proofs(
        tools=Tools(directory=held.directory, narrator=narrator),
        narrator=narrator,
        addresses=Addresses(
            **{name: demo[name] for name in (*sorted(URLS - {"api"}), "ldap_base")},
            ldap_ca="token-ca-g1",
        ),
        root=Path(demo["root"]),
        token_ca=Path(demo["token_ca"]),
    )
    with narrator.stream:
        with pytest.raises(DemoFailed, match="good") as raised:
            await proofs.ocsp_post(Path(demo["card_blocked"]), Shown.GOOD)
        assert "certificateHold" in raised.value.seen
        with pytest.raises(DemoFailed, match="certificate revoked"):
            await proofs.chain(Path(demo["card_good"]), refused=True)
        with pytest.raises(DemoFailed, match="unknown"):
            await proofs.ocsp_get(Path(demo["card_good"]), Shown.UNKNOWN)


def test_a_second_demo_leaves_the_folder_and_the_ports_alone(held: Held, tmp_path: Path) -> None:
    for options, words in (
        (("--dir", str(held.directory)), "is not an empty folder"),
        (
            ("--dir", str(tmp_path / "new"), "--port-base", held.demo["ocsp"].split(":")[2][:-5]),
            "in use by another program",
        ),
    ):
        ran = subprocess.run(
            [*COMMAND, *options], capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == 1
        assert words in ran.stderr
        assert "next:" in ran.stderr
    assert held.file.exists()


def test_interrupted_it_ends_in_order_and_takes_its_file_away(held: Held) -> None:
    assert processes_of(held.directory)
    held.process.send_signal(signal.SIGINT)
    assert held.process.wait(timeout=60) == 0
    assert not held.file.exists()
    assert not processes_of(held.directory)
    for name in ("ocsp", "api", "ldap"):
        port = int(re.findall(r":([0-9]+)", held.demo[name])[0])
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_terminated_while_it_makes_its_keys_it_leaves_nothing_running(tmp_path: Path) -> None:
    assert program("openssl")
    process = subprocess.Popen(
        [*COMMAND, "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with process:
        assert process.stdout is not None
        while "Keys are being made" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 130
    assert rest.splitlines()[-1].strip() == "Interrupted: the servers have been stopped."
    assert not list(tmp_path.iterdir())
    assert not processes_of(tmp_path)
