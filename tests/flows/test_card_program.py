"""`zorgid card` at a terminal: a pass and a card in a real reader chain, and a server beside it."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from card_writer.readers.held import HeldCard
from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import fetched, until
from installed.typed_program import Typed, typed
from made.uzi import der
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.identifiers import CardId
from pki.domain.reasons import BlockReason, RevokeReason
from server.demo.cards import Someone
from server.initialise import ADMINISTRATOR
from virtual_card.apdu import Envelope, tlv
from virtual_card.pcscd import Pcscd
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import Key

pytestmark = [pytest.mark.pcsc, pytest.mark.openssl, pytest.mark.slow]

PASS_PIN, CARD_PIN, NEW_PIN = "246813", "Zorg42x", "Linde77"


@dataclass(kw_only=True)
class Station:
    """A practice server, a pass in one slot and a card in the other."""

    practice: Practice
    pcscd: Pcscd
    someone: Someone
    uzi_pass: VirtualCard
    chip: VirtualCard = field(default_factory=lambda: VirtualCard(vendor=True))
    screens: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.practice.layout.root / "zorgid-card.toml"

    def configure(self) -> None:
        (self.practice.layout.root / "card-master.key").write_bytes(bytes(range(32)))
        (self.practice.layout.root / "card-master.key").chmod(0o600)
        root = self.practice.layout.certificate("root")
        self.config.write_text(f"""
[server]
url = "{self.practice.api_url}"
ca = "{root}"

[pass]
driver = "piv"
reader = "{self.pcscd.slot(0)}"

[card]
driver = "piv"
reader = "{self.pcscd.slot(1)}"
key = "p-256"
pin = "letters-and-digits"
vendor_extensions = true
master_key = "card-master.key"
""")

    def card(self, *words: str, answers: dict[str, str] | None = None) -> dict[str, object]:
        """One command, answered; its result."""
        with typed("card", *words, "--json", cwd=self.practice.layout.root) as run:
            for prompt, line in (answers or {}).items():
                run.answer(prompt, line)
            try:
                return run.result()
            finally:
                self.screens.append(run.screen)


def pass_card(practice: Practice, someone: Someone) -> VirtualCard:
    issued = practice.register.issue(someone.subject)
    card = VirtualCard(vendor=True)
    card.pin.value = PASS_PIN.encode() + b"\xff\xff"
    card.keys[0x9A] = Key(0x07, issued.key)
    held = tlv(0x70, der(issued.certificate)) + tlv(0x71, b"\x00") + tlv(0xFE, b"")
    card.objects["5fc105"] = held
    return card


@pytest.fixture
def station(practice: Practice, pcscd: Pcscd, nursery: Nursery) -> Iterator[Station]:
    someone = employee(700)
    made = Station(
        practice=practice,
        pcscd=pcscd,
        someone=someone,
        uzi_pass=pass_card(practice, someone),
    )
    made.configure()
    with (
        nursery.serving(practice),
        pcscd.holding(made.uzi_pass),
        pcscd.holding(made.chip, slot=1),
    ):
        yield made


def begin(run: Typed) -> str:
    """Answer until the PUK was typed back; the PUK."""
    run.answer("Pincode van uw UZI-pas (nog 3 pogingen): ", PASS_PIN)
    run.expect("Chloë van den Heuvel, Huisartsencoöperatie De Linde.")
    run.answer("Uw geboortedatum (dd-mm-jjjj): ", "29-02-1988")
    run.answer("letters en cijfers: ", "12345678")
    run.answer("Herhaal de pincode: ", "12345678")
    run.expect("te eenvoudig")
    run.answer("letters en cijfers: ", CARD_PIN)
    run.answer("Herhaal de pincode: ", CARD_PIN)
    run.expect("Uw PUK-code is: ")
    puk = run.expect("\n").replace(" ", "")
    run.answer("over: ", puk[-4:])
    return puk


def test_a_card_from_its_making_to_its_end(station: Station) -> None:
    readers = station.card("readers")["readers"]
    assert isinstance(readers, list)
    assert [each["card"] for each in readers] == [True, True]
    with typed("card", "create", "--json", cwd=station.practice.layout.root) as run:
        puk = begin(run)
        made = run.result()
        station.screens.append(run.screen.replace(f"{puk[:4]} {puk[4:]}", ""))
    assert made["state"] == "actief"
    assert station.chip.pin.value == CARD_PIN.encode() + b"\xff"
    status = station.card("status")
    assert (status["state"], status["pin_tries_left"]) == ("operationeel", 3)
    assert status["serial"] == made["serial"]
    tested = station.card("test", answers={"Smartcard (nog 3 pogingen): ": CARD_PIN})
    assert (tested["works"], tested["status"]) == (True, "good")
    station.card(
        "change-pin",
        answers={
            "Smartcard (nog 3 pogingen): ": CARD_PIN,
            "letters en cijfers: ": NEW_PIN,
            "Herhaal de pincode: ": NEW_PIN,
        },
    )
    assert station.chip.pin.value == NEW_PIN.encode() + b"\xff"
    station.card(
        "unblock-pin",
        answers={
            "Smartcard (nog 3 pogingen): ": puk,
            "letters en cijfers: ": CARD_PIN,
            "Herhaal de pincode: ": CARD_PIN,
        },
    )
    refused = station.practice.zorgid("card", "wipe", "--json")
    assert refused.returncode == 1
    assert "not revoked" in json.loads(refused.stdout)["error"]["message"]
    asyncio.run(revoke(station.practice, CardId(str(made["card_id"]))))
    until(lambda: ocsp(station, made) == "revoked", "OCSP says revoked")
    assert station.card("wipe") == {"wiped": True}
    assert set(station.chip.objects) == {"5fc120"}
    told(station, puk)


def told(station: Station, puk: str) -> None:
    """No secret stands in what anybody wrote, but for the PUK where it was shown."""
    written = "".join(station.screens) + station.pcscd.log
    written += "".join(each.read_text() for each in station.practice.layout.root.glob("*.log"))
    assert written
    for secret in (PASS_PIN, CARD_PIN, NEW_PIN, puk):
        assert secret not in written


def ocsp(station: Station, made: dict[str, object]) -> str:
    return station.practice.openssl_ocsp(str(made["serial"]))


async def revoke(practice: Practice, card: CardId) -> None:
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(card, BlockRequest(reason=BlockReason.LOSS))
        await administrator.revoke(card, RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT))


class Cable(Envelope):
    """Calls ``after`` before the card's answer leaves."""

    after: Callable[[], None] = staticmethod(lambda: None)

    def transmit(self, raw: bytes) -> bytes:
        answer = super().transmit(raw)
        self.after()
        return answer


def test_a_writer_that_is_killed_is_resumed(station: Station) -> None:
    """Killed when the PUK is the holder's already and the PIN is not yet."""
    cable = station.chip.envelope = Cable(station.chip._dispatch)
    with typed("card", "create", "--json", cwd=station.practice.layout.root) as run:
        puk = begin(run)

        def kill() -> None:
            if station.chip.puk.value == puk.encode() and run.process.poll() is None:
                run.process.kill()

        cable.after = kill
        assert run.ended()[0] == -signal.SIGKILL
    resumed = station.card(
        "resume",
        answers={
            "Pincode van uw UZI-pas (nog 3 pogingen): ": PASS_PIN,
            "Uw geboortedatum (dd-mm-jjjj): ": "29-02-1988",
            "Pincode van uw ZORG-ID Smartcard: ": CARD_PIN,
            "PUK-code van uw ZORG-ID Smartcard: ": puk,
        },
    )
    assert resumed["state"] == "actief"
    assert ocsp(station, resumed) == "good"
    assert (station.chip.pin.left, station.chip.puk.left) == (3, 3)


def test_the_station_shows_what_lies_in_the_readers(station: Station) -> None:
    program = str(Path(sys.executable).with_name("zorgid"))
    words = [program, "card", "station", "--no-browse"]
    folder = station.practice.layout.root
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            assert b"station.js" in fetched(address)

            def readers() -> list[str]:
                found: list[str] = json.loads(fetched(f"{address}state"))["readers"]
                return found

            until(lambda: len(readers()) == 2, "both readers are shown")
            assert all(each.endswith(": een kaart") for each in readers())
            english = json.loads(fetched(f"{address}state?language=en"))["readers"]
            assert all(each.endswith(": a card") for each in english), english
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_two_programs_at_one_reader(station: Station) -> None:
    with HeldCard.in_reader(station.pcscd.slot(1)):
        ran = station.practice.zorgid("card", "status", "--json")
        assert ran.returncode == 4
        assert json.loads(ran.stdout)["error"]["type"] == "reader-busy"
        assert "Sluit dat programma" in ran.stderr
    ran = station.practice.zorgid("card", "status", "--json")
    assert json.loads(ran.stdout)["result"]["state"] == "niet geïnitialiseerd"


def test_what_is_missing_is_said(station: Station) -> None:
    folder = station.practice.layout.root
    text = station.config.read_text().replace(station.pcscd.slot(1), "no such reader")
    other = folder / "other.toml"
    other.write_text(text)
    ran = station.practice.zorgid("card", "status", "--config", str(other), "--json")
    assert ran.returncode == 4
    assert "readers" in json.loads(ran.stdout)["error"]["next"]
    ran = station.practice.zorgid("card", "status", "--config", "missing.toml")
    assert ran.returncode == 2
    assert "--config" in ran.stderr
    ran = station.practice.zorgid("card", "create")
    assert ran.returncode == 1
    assert "nobody answers" in ran.stderr
    assert station.uzi_pass.pin.left == 3


def test_the_command_loads_nothing_of_the_server() -> None:
    code = (
        "import sys; from server.cli import run; run(['card', 'status', '--config', 'missing']); "
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(ran.stderr.split())
    assert "card_writer.flow.making" in loaded
    server_side = re.compile(
        r"issuance|ca|crl|ocsp|ldap_publish|sqlalchemy|alembic|ldap3|httptools|prometheus_client"
        r"|pki\.(store|keys|trust|telemetry)|server\.(settings|roles|process|demo)"
    )
    assert not {each for each in loaded if server_side.fullmatch(each)}
