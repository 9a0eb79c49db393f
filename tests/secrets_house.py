"""An installation of several processes that is used, misused and looked into, and then ended.

The store is in PostgreSQL, the Token CA's key in SoftHSM, nginx stands before the status node.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from backup_material import write_recipient
from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.unattended import Unattended
from card_writer.soft_token import SoftCardReader, SoftPassReader
from collector_peer import collector
from fixtures_backup import answered as commanded
from hsm_moved import move_key
from nginx_peer import nginx_before
from pki.api.client import IssuanceClient
from pki.api.fields import to_pem
from pki.api.notices.bodies import ContactRequest
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.registration import AppointmentRequest, TakeUpRequest
from pki.api.wire import BlockRequest, OperatorPerson
from pki.domain.identifiers import UziNumber
from pki.domain.notices.addresses import EmailAddress
from pki.domain.people import BirthDate, Role
from pki.domain.reasons import BlockReason
from pki.ports import SystemEntropy
from postgres_killed import Killable, killable, moved
from practice import STATUS_METRICS, Practice, employee
from program import Running, fetched, until
from secrets_mislaid import answered, mislaid, of_api, of_health, of_status
from secrets_sought import Sought, family, may_leave_a_core, written, written_day, written_key
from server.demo.cards import URA
from server.initialise import ADMINISTRATOR
from slapd_peer import free_port
from smtp_peer import Post, mail_server
from softhsm import SoftHsm

BORN = BirthDate(date(1931, 10, 7))
PERSON = employee(9)
WHOM = OperatorPerson(
    uzi_number=UziNumber("900054321"), surname="Jansen", given_names="A.", common_name="A. Jansen"
)
CARD_NUMBER = f"CARD-{PERSON.label.upper()}".encode()
CONTROL = "the card's number"
"""No secret: it is looked for with them, and found."""

HSM_PIN = b"pin-of-the-hsm-7Qx4"
PASSWORDS = {
    "password of the database": b"database-word-5kWz",
    "password of the mail server": b"mail-word-8tRn",
    "password of the bucket": b"bucket-word-3mJv",
}
SECTIONS = """
[tracing]
endpoint = "{collector}"

[crl_bucket]
bucket = "zorgid-crl"
endpoint = "http://127.0.0.1:9"
credentials_file = "secrets/bucket"

[notices.smtp]
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "noreply@zorg.example"
user = "zorgid"
password_file = "secrets/smtp-password"
"""


@dataclass(kw_only=True)
class House:
    """What was known, and what was seen of it. Nothing of it runs any more.

    ``secrets``: each one's forms; ``held`` and ``shown``: what a process had in memory, and what a
    list of processes shows of it; ``cores``: who might leave one; ``kept``: what the database's
    files hold; ``folder`` has all others.
    """

    practice: Practice
    folder: Path
    secrets: dict[str, list[bytes]] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)
    shown: dict[str, set[str]] = field(default_factory=dict)
    cores: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def know(self, name: str, secret: bytes | str) -> None:
        octets = secret.encode() if isinstance(secret, str) else secret
        self.secrets.setdefault(name, []).extend(written(octets))

    @property
    def sought(self) -> Sought:
        return Sought.of(self.secrets)

    @property
    def out(self) -> Path:
        """Where what the program said is kept."""
        return self.folder / "said"

    def say(self, name: str, octets: bytes | str) -> None:
        self.out.mkdir(exist_ok=True)
        text = octets.encode() if isinstance(octets, str) else octets
        (self.out / name).write_bytes(text)


class Overheard(IssuanceClient):
    """A client whose bearer tokens are known."""

    def __init__(self, house: House) -> None:
        practice = house.practice
        super().__init__(practice.api_url, tls=practice.tls(), timeout_seconds=60)
        self._house = house

    async def _exchange(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], Any],
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        token = (headers or {}).get("Authorization", "").removeprefix("Bearer ")
        if token:
            self._house.know("token of a session", token)
        return await super()._exchange(method, path, read, body=body, headers=headers)


def lived(practice: Practice, folder: Path) -> House:
    """The whole life of such a house."""
    house = House(practice=practice, folder=folder)
    with ExitStack() as stack:
        cluster = stack.enter_context(killable())
        _furnish(house, cluster, stack)
        bodies: list[bytes] = []
        address, mail = stack.enter_context(collector(bodies)), free_port()
        with practice.config.open("a", encoding="utf-8") as file:
            file.write(SECTIONS.format(collector=address, mail=mail))
        processes = _started(practice, stack)
        asyncio.run(_used(house, mail))
        _listened(house)
        _looked_into(house, processes)
        for each in processes.values():
            each.stop()
        house.say("spans", b"\n".join(bodies))
        cluster.kill()
        known = house.secrets | {CONTROL: list(written(CARD_NUMBER))}
        house.kept = set().union(*Sought.of(known).in_files(cluster.folder).values())
    return house


def _furnish(house: House, cluster: Killable, stack: ExitStack) -> None:
    """Give it a database, an HSM, passwords and a Mobiel CA; know each secret there is."""
    practice, folder = house.practice, house.folder
    practice.add_mobiel_ca()
    practice.change(('mode = "off"', 'mode = "private"'))
    _know_keys(house)
    hsm = SoftHsm.make(folder.parent / "hsm", HSM_PIN)
    move_key(practice, hsm, folder)
    stack.enter_context(pytest.MonkeyPatch.context()).setenv("SOFTHSM2_CONF", str(hsm.config))
    _put(practice, "smtp-password", PASSWORDS["password of the mail server"])
    secret = PASSWORDS["password of the bucket"]
    named = b"[default]\naws_access_key_id = id\naws_secret_access_key = " + secret + b"\n"
    _put(practice, "bucket", named)
    plain = cluster.url(cluster.create())
    moved(practice.layout.store, plain)
    practice.layout.store.unlink()
    word = PASSWORDS["password of the database"].decode()
    url = plain.replace("postgres@", f"postgres:{word}@")
    practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
    for name, octets in PASSWORDS.items():
        house.know(name, octets)
    for name in ("passphrase", "sealing.key", "pass-digest-salt", "hsm-pin"):
        house.know(name, practice.layout.secret(name).read_bytes().strip())
    house.know("passphrase of the root", practice.layout.secret("root-passphrase").read_bytes())
    house.secrets["birth date"] = list(written_day(BORN.value))


def _know_keys(house: House) -> None:
    """Each key of ours, and those of operators, who are never asked for them."""
    layout = house.practice.layout
    for path in sorted(layout.root.glob("keys/*.pem")):
        own = layout.secret("root-passphrase" if path.stem == "root" else "passphrase")
        key = load_pem_private_key(path.read_bytes(), own.read_bytes().strip())
        house.secrets[f"key {path.stem}"] = list(written_key(key))
    operator = load_pem_private_key(layout.operator(ADMINISTRATOR)[1].read_bytes(), None)
    house.secrets["key of an operator"] = list(written_key(operator))


def _put(practice: Practice, name: str, octets: bytes) -> None:
    path = practice.layout.secret(name)
    path.touch(0o600)
    path.write_bytes(octets)


def _started(practice: Practice, stack: ExitStack) -> Mapping[str, Running]:
    """Each role in a process of its own; the status node has two workers besides."""
    node, publishing = practice.ports.base + STATUS_METRICS, free_port()
    publisher = practice.config.with_name("publisher.toml")
    text = practice.config.read_text("utf-8")
    publisher.write_text(text.replace(f":{practice.metrics_port}", f":{publishing}"), "utf-8")
    words = ("serve", "--role", "status", "--workers", "2", "--config")
    status = stack.enter_context(practice.spawn(*words, str(practice.status_config())))
    issuance = stack.enter_context(practice.serving("issuance"))
    other = practice.serving("publisher", config=publisher, metrics_port=publishing)
    running = {"issuance": issuance, "status": status, "publisher": stack.enter_context(other)}
    status.until_ready(node)
    return running


async def _used(house: House, mail: int) -> None:
    practice = house.practice
    front = house.folder / "nginx"
    front.mkdir()
    async with (
        mail_server(Post(), log_in=True, port=mail),
        nginx_before(practice.ports.base, front) as proxy,
    ):
        made = await _at_a_desk(house)
        await _by_operators(house, made)
        await asyncio.to_thread(_misused, house, proxy)


async def _at_a_desk(house: House) -> Made:
    practice = house.practice
    uzi_pass = practice.make_pass(PERSON)
    async with Overheard(house) as client:
        desk = Desk(
            passes=SoftPassReader(uzi_pass),
            cards=SoftCardReader(practice.blank_card(PERSON.label)),
            person=Unattended(),
            client=client,
            entropy=SystemEntropy(),
        )
        return await desk.run(make_card(desk.entropy, birth_date=BORN))


async def _by_operators(house: House, made: Made) -> None:
    """A telephone is invited, certified and appointed, and lets a browser in; a card is blocked."""
    practice = house.practice
    async with practice.client(ADMINISTRATOR) as administrator, practice.client() as nobody:
        await administrator.set_contact(
            URA, ContactRequest(email=EmailAddress.parse("post@praktijk.example"))
        )
        calendar = (await administrator.make_calendar(URA)).url.rpartition("/")[2]
        house.know("address of a calendar", calendar)
        invited = await administrator.invite_mobiel(InviteRequest(person=WHOM))
        house.know("code of an invitation", invited.code)
        asked = AppointmentRequest(role=Role.ADMINISTRATOR, person=WHOM)
        appointed = await administrator.appoint(asked)
        house.know("code of an appointment", appointed.code)
        async with await _telephone(house, invited.code, nobody) as telephone:
            await telephone.take_up(TakeUpRequest(code=appointed.code))
            login = await nobody.ask_login()
            house.know("code of a log-in", login.code)
            house.know("secret of a log-in", login.secret)
            await telephone.approve_login(login.code, login.number)
        session = (await nobody.collect_login(login)).session
        assert session is not None
        house.know("token of a log-in", session.token)
        blocked = await administrator.block(
            made.card.card_id, BlockRequest(reason=BlockReason.LOSS)
        )
        await nobody.calendar(calendar)
        receipt = await administrator.change(blocked.change.position)
        house.say("receipt", receipt.to_json())


async def _telephone(house: House, code: str, nobody: IssuanceClient) -> IssuanceClient:
    key = ec.generate_private_key(ec.SECP256R1())
    house.secrets["key of a telephone"] = list(written_key(key))
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    asked = RedeemMobielRequest(code=code, pkcs10=request.public_bytes(Encoding.DER))
    redeemed = await nobody.redeem_mobiel(asked)
    place = house.folder.parent / "telephone.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.write_bytes(plain + to_pem(redeemed.certificate).encode())
    context = house.practice.tls()
    context.load_cert_chain(place)
    return IssuanceClient(house.practice.api_url, tls=context, timeout_seconds=60)


def _misused(house: House, proxy: int) -> None:
    """Secrets come where they do not belong; what is answered is kept."""
    practice = house.practice
    base, tls = practice.ports.base, practice.tls()
    sent = (
        (base, of_status("status"), None),
        (proxy, of_status("nginx"), None),
        (base + 1, of_api(), tls),
        (practice.metrics_port, of_health(), None),
    )
    for port, requests, context in sent:
        for name, octets in requests.items():
            house.know(f"mislaid: {name}", mislaid(name))
            house.answers[name] = answered(port, octets, context)


def _listened(house: House) -> None:
    """Have everything said that the program says on being asked."""
    practice, config = house.practice, str(house.practice.config)
    for page in ("metrics", "readyz"):
        house.say(page, fetched(f"http://127.0.0.1:{practice.metrics_port}/{page}"))
    for name, words in {
        "doctor": ("doctor", "-c", config),
        "doctor.json": ("doctor", "--json", "-c", config),
        "top": ("top", "--once", "-c", config),
        "export": ("journal", "export", str(house.out / "audit.jsonl"), "-c", config),
        "journal": ("journal", "verify", "--json", "-c", config),
        "sinks": ("crl", "sinks", "--json", "-c", config),
    }.items():
        told = commanded(*words)
        house.say(name, told.stdout + told.stderr)
    certificate, _ = write_recipient(house.folder.parent, "first")
    words = ("backup", str(house.out / "backup.cms"), "--to", str(certificate), "-c", config)
    told = commanded(*words, "--json")
    assert json.loads(told.stdout)["ok"], told
    house.say("backup", told.stdout + told.stderr)


def _looked_into(house: House, processes: Mapping[str, Running]) -> None:
    house.know("password of the directory", _directory_word(house.practice))
    sought = house.sought
    for role, running in processes.items():
        for number, pid in enumerate(family(running.process.pid)):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            name = f"{role}, {_called(words)} {number}"
            house.shown[name] = sought.shown_by(pid)
            if os.geteuid() == 0:
                house.held[name] = sought.in_memory(pid)
            if may_leave_a_core(pid):
                house.cores.append(name)


def _called(words: bytes) -> str:
    """What a process is, by its command line."""
    known: Iterable[tuple[bytes, str]] = (
        (b"pki.keys.pkcs11.child", "module"),
        (b"server.workers.main", "worker"),
        (b"slapd", "slapd"),
    )
    return next((name for part, name in known if part in words), "server")


def _directory_word(practice: Practice) -> bytes:
    place = practice.layout.root / "ldap" / "publisher.secret"
    until(place.exists, "the directory has its password")
    return place.read_bytes()
