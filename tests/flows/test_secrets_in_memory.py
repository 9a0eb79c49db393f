"""While in use: no list of processes shows a secret, no process holds one that is not its own."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pki.api.wire import BlockRequest
from pki.domain.reasons import BlockReason
from practice import BIRTH_DATE, STATUS_METRICS, Practice, employee
from program import Running
from server.initialise import ADMINISTRATOR
from slapd_peer import free_port

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Three roles, a process each, after a card was made and blocked."""

    practice: Practice
    processes: Mapping[str, Running]

    def pid(self, role: str) -> int:
        return self.processes[role].process.pid

    def memory(self, role: str) -> Iterator[bytes]:
        """What a process can write to and shares with nobody, piece by piece."""
        at = Path(f"/proc/{self.pid(role)}")
        try:
            lines = (at / "maps").read_text("ascii", "replace").splitlines()
            with (at / "mem").open("rb", buffering=0) as memory:
                for line in lines:
                    bounds, rights, *_ = line.split()
                    if rights == "rw-p":
                        begin, end = (int(each, 16) for each in bounds.split("-"))
                        memory.seek(begin)
                        yield _read(memory, end - begin)
        except PermissionError:
            pytest.skip("only root may look into a process that is not dumpable")

    def holds(self, role: str, wanted: Mapping[str, list[bytes]]) -> set[str]:
        """Which of these secrets stand in a process's memory."""
        return {
            name
            for piece in self.memory(role)
            for name, forms in wanted.items()
            if any(form in piece for form in forms)
        }


def _read(memory: RawIOBase, size: int) -> bytes:
    try:
        return memory.read(size) or b""
    except OSError:
        # Gone since it was listed, or a page that nobody may read.
        return b""


@pytest.fixture(scope="module")
def house(module_practice: Practice) -> Iterator[House]:
    practice = module_practice
    text = practice.config.read_text("utf-8")
    port = free_port()
    publisher = practice.config.with_name("publisher.toml")
    publisher.write_text(text.replace(f":{practice.metrics_port}", f":{port}"), "utf-8")
    node = practice.ports.base + STATUS_METRICS
    with (
        practice.serving("issuance") as issuance,
        practice.serving("status", config=practice.status_config(), metrics_port=node) as status,
        practice.serving("publisher", config=publisher, metrics_port=port) as publishing,
    ):
        asyncio.run(use(practice))
        processes = {"issuance": issuance, "status": status, "publisher": publishing}
        yield House(practice=practice, processes=processes)


async def use(practice: Practice) -> None:
    made = await practice.make_card(employee(8))
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(made.card.card_id, BlockRequest(reason=BlockReason.LOSS))


def of_issuance(practice: Practice) -> dict[str, list[bytes]]:
    """Secrets that the role issuance alone needs, as a process may hold them."""
    layout = practice.layout
    passphrase = layout.secret("passphrase").read_bytes().strip()
    key = load_pem_private_key(layout.key("token-ca-g1").read_bytes(), passphrase)
    assert isinstance(key, RSAPrivateKey)
    prime = key.private_numbers().p
    octets = prime.to_bytes((prime.bit_length() + 7) // 8, "big")
    sealing = layout.secret("sealing.key").read_bytes().strip()
    body = b"".join(layout.key("token-ca-g1").read_bytes().splitlines()[1:-1])
    return {
        "the Token CA's key": [octets, octets[::-1]],
        "the Token CA's key file": [body[:60], base64.b64decode(body)[:120][-60:]],
        "the passphrase of keys": [passphrase],
        "the sealing key": [sealing],
    }


def of_people() -> dict[str, list[bytes]]:
    day = BIRTH_DATE.value
    forms = ("%Y-%m-%d", "%d-%m-%Y", "%Y%m%d", "%d%m%Y")
    return {"a birth date": [day.strftime(each).encode() for each in forms]}


def test_who_signs_no_certificates_holds_nothing_that_could(house: House) -> None:
    """What is looked for is found in the process that needs it, so it would be found elsewhere."""
    wanted = of_issuance(house.practice)
    assert {"the Token CA's key", "the sealing key"} <= house.holds("issuance", wanted)
    for role in ("status", "publisher"):
        assert house.holds(role, wanted | of_people()) == set()


def test_no_list_of_processes_shows_a_secret(house: House) -> None:
    """Command line and environment of each of them and of what it started."""
    wanted = of_issuance(house.practice) | of_people()
    for path in (house.practice.layout.root / "secrets").iterdir():
        octets = path.read_bytes().strip()
        wanted[path.name] = [octets, octets.hex().encode(), base64.b64encode(octets)]
    shown = list(processes_of(house))
    assert len(shown) >= len(house.processes)
    assert all(octets.startswith(b"/") for _, octets in shown)
    for name, octets in shown:
        found = [what for what, forms in wanted.items() if any(form in octets for form in forms)]
        assert not found, name


def processes_of(house: House) -> Iterator[tuple[str, bytes]]:
    for role in house.processes:
        for pid in family(house.pid(role)):
            at = Path(f"/proc/{pid}")
            try:
                environment = (at / "environ").read_bytes()
            except PermissionError:
                environment = b""
            yield f"{role} {pid}", (at / "cmdline").read_bytes() + b"\0" + environment


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(each for child in children for each in family(int(child)))]


def test_no_process_leaves_a_core(house: House) -> None:
    for role in house.processes:
        limits = Path(f"/proc/{house.pid(role)}/limits").read_text("ascii")
        (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], role
