"""The demo as a person starts it: what it leaves for others while it runs, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from demo_readers import PUK_OF_CARD
from installed.demo_held import COMMAND, Held, holding, processes_of
from peers import program, require
from secrecy.sought import Sought, family, may_leave_a_core, written, written_day, written_key
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


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    for peer in ("openssl", "slapd", "curl", "pcsc"):
        require(peer)
    with holding(tmp_path_factory.mktemp("demo")) as held:
        yield held


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


def test_the_story_names_nobody_in_the_log(held: Held) -> None:
    story, log = held.story.read_text(), (held.directory / "server.log").read_text()
    assert "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder." in story
    assert not [each for each in (*EMPLOYEES, AT_READERS, DOCTOR) if str(each.uzi_number) in log]


@pytest.fixture(scope="module")
def sought(held: Held) -> Sought:
    """PIN, PUK, birth dates, keys and passphrases that the demo has used."""
    puk = (held.directory / "readers" / PUK_OF_CARD).read_bytes()
    pins = {"PIN of a pass": PIN_OF_PASS, "PIN of a card": PIN_OF_CARD, "PUK of a card": puk}
    days = [each.birth_date for each in (*EMPLOYEES, AT_READERS, DOCTOR)]
    secrets = {name: list(written(octets)) for name, octets in pins.items()}
    secrets["birth date"] = [form for day in days for form in written_day(day)]
    passphrases = {}
    for path in held.directory.glob("secrets/*"):
        passphrases[path.name] = path.read_bytes().strip()
        secrets[path.name] = list(written(passphrases[path.name]))
    for path in held.directory.glob("keys/*.pem"):
        own = passphrases["root-passphrase" if path.stem == "root" else "passphrase"]
        secrets[f"key {path.stem}"] = list(
            written_key(load_pem_private_key(path.read_bytes(), own))
        )
    return Sought.of(secrets)


def test_a_secret_is_in_its_own_file_and_in_no_other(held: Held, sought: Sought) -> None:
    """Store, log, directory, story, outcome: all that the demo leaves."""
    own = {f"secrets/{path.name}": {path.name} for path in held.directory.glob("secrets/*")}
    own |= {"readers/pass-pin": {"PIN of a pass"}, f"readers/{PUK_OF_CARD}": {"PUK of a card"}}
    found = sought.in_files(held.directory, held.story)
    assert found == {str(held.directory / name): names for name, names in own.items()}
    assert sought.within(json.dumps(held.outcome).encode()) == set()


def test_no_process_shows_a_secret_or_leaves_a_core(held: Held, sought: Sought) -> None:
    pids = family(held.process.pid)
    assert len(pids) >= 3, "the demo, its server, its directory"
    assert set().union(*map(sought.shown_by, pids)) == set()
    assert [pid for pid in pids if may_leave_a_core(pid)] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a process of ours")
def test_pin_and_puk_never_reach_the_server(held: Held, sought: Sought) -> None:
    (server, *_) = [pid for pid in family(held.process.pid)[1:] if b"serve" in cmdline(pid)]
    inside = sought.in_memory(server)
    assert "sealing.key" in inside
    assert not inside & {"PIN of a pass", "PIN of a card", "PUK of a card", "key root"}


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


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
