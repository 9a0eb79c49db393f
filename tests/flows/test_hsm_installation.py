"""An installation whose Token CA key is in SoftHSM2: cards are made, and the HSM may go away."""

import asyncio
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from card_writer.flow.making import Made
from installed.hsm_moved import KEY_ID, OTHER_ID, move_key
from installed.practice import Practice, employee
from installed.program import START_SECONDS, exchanged
from installed.sound import check_sound
from pki.domain.errors import Unavailable
from pki.ports import happens
from stores.books import Ledger
from strangers.softhsm import PIN, SoftHsm

pytestmark = [pytest.mark.softhsm, pytest.mark.openssl, pytest.mark.slow]

AT_ONCE = 6


@pytest.fixture
def hsm(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    hsm = SoftHsm.make(tmp_path / "hsm")
    move_key(practice, hsm, tmp_path)
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.config))
    return hsm


def certificates(practice: Practice) -> list[bytes]:
    return sorted(Ledger(practice).certificates().values())


def serial_of(made: Made) -> str:
    return f"{x509.load_der_x509_certificate(made.certificate).serial_number:040x}"


async def test_a_card_is_made_and_its_status_is_good(practice: Practice, hsm: SoftHsm) -> None:
    with practice.serving():
        made = await practice.make_card(employee(1))
        assert made.card.state == "actief"
        assert practice.openssl_ocsp(serial_of(made)) == "good"
        status, metrics = exchanged(f"http://127.0.0.1:{practice.metrics_port}/metrics")
        assert status == 200
        assert b'zorgid_hsm_logins_total{module="libsofthsm2.so"} 1.0' in metrics
        told = practice.zorgid("doctor", "--config", str(practice.config)).stdout
    assert "the key of token-ca-g1 belongs to its certificate" in told
    assert "is in an HSM that answers (token ca, id a1b2c3d4)" in told
    assert certificates(practice) == [made.certificate]
    logs = "".join(path.read_text() for path in practice.layout.root.glob("server-*.log"))
    assert PIN.decode() not in logs


async def test_the_hsm_goes_away_under_load_and_comes_back(
    practice: Practice, hsm: SoftHsm
) -> None:
    refused = asyncio.Event()

    async def make(number: int) -> Made:
        """A desk that tries again, as its people would, until the card is made."""
        someone = employee(number)
        uzi_pass, card = practice.make_pass(someone), practice.blank_card(someone.label)
        for _ in range(200):
            try:
                return await practice.run_desk(uzi_pass, card)
            except Unavailable:
                refused.set()
                await asyncio.sleep(0.2)
        raise AssertionError("the HSM came back and nothing was issued")

    with practice.serving():
        first = await practice.make_card(employee(1))
        async with asyncio.TaskGroup() as group:
            desks = [group.create_task(make(10 + each)) for each in range(AT_ONCE)]
            await asyncio.sleep(0.3)
            with hsm.away():
                more = [group.create_task(make(20 + each)) for each in range(AT_ONCE)]
                assert await happens(refused, START_SECONDS)
                # Status goes on: the responder's key is its own.
                assert practice.openssl_ocsp(serial_of(first)) == "good"
        made = [first, *(task.result() for task in (*desks, *more))]
        for each in made:
            assert practice.openssl_ocsp(serial_of(each)) == "good"
        await check_sound(practice)
    assert certificates(practice) == sorted(each.certificate for each in made)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("token", 4, "cannot be reached"),
        ("key", 2, "no such key"),
        ("other key", 1, "do not belong together"),
        ("pin", 2, "refused the PIN"),
        ("pin mode", 2, "chmod 600"),
        ("module", 2, "cannot be used as a PKCS#11 module"),
    ],
)
def test_a_start_that_cannot_be_is_refused(
    practice: Practice, hsm: SoftHsm, change: str, code: int, says: str
) -> None:
    pin = practice.layout.secret("hsm-pin")
    match change:
        case "token":
            practice.change(('token = "ca"', 'token = "cb"'))
        case "key":
            practice.change((KEY_ID, "ffff"))
        case "other key":
            practice.change((KEY_ID, OTHER_ID))
        case "pin":
            pin.write_bytes(b"000000")
        case "pin mode":
            pin.chmod(0o644)
        case _:
            other = practice.layout.root / "no-module.so"
            shutil.copy(practice.config, other)
            practice.change((str(hsm.module), str(other)))
    with practice.spawn("serve", "--config", str(practice.config), "--role", "all") as server:
        assert server.ended() == code
        assert says in server.log
        assert "Traceback" not in server.log
