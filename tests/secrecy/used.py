"""How a house is used, and what its users, and whoever listens, know of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.unattended import Unattended
from card_writer.soft_token import SoftCardReader, SoftPassReader
from installed.practice import Practice, employee
from installed.program import until
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
from secrecy.mislaid import answered, mislaid, of_api, of_health, of_status
from secrecy.sought import Sought, written, written_key
from server.demo.cards import URA
from server.initialise import ADMINISTRATOR
from strangers.nginx import nginx_before
from strangers.smtp import Post, mail_server

BORN = BirthDate(date(1931, 10, 7))
PERSON = employee(9)
WHOM = OperatorPerson(
    uzi_number=UziNumber("900054321"), surname="Jansen", given_names="A.", common_name="A. Jansen"
)


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


async def used(house: House, mail: int) -> None:
    """As it should be and as it should not; the mail server refuses our log-in."""
    practice = house.practice
    front = house.folder / "nginx"
    front.mkdir()
    post = Post(port=mail)
    async with (
        mail_server(post, log_in=True),
        nginx_before(practice.ports.base, front) as proxy,
    ):
        made = await _at_a_desk(house)
        await _by_operators(house, made)
        await asyncio.to_thread(_misused, house, proxy)
        await asyncio.to_thread(until, lambda: bool(post.log_ins), "we log in to send mail")


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
