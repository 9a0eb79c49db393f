"""Cards made at a desk without a reader: every command, every request and their time is counted.

The card is the tests' virtual one, in this process; the server a practice installation beside it.
"""

import io
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from card_writer.at_reader import PinEntry
from card_writer.card_edge import HolderCard, PinCharacters
from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.flow.pins import PinFault
from card_writer.flow.unattended import Unattended
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from card_writer.soft_token import SoftPass
from pki.api.client import IssuanceClient
from pki.api.wire import OrganisationRequest
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import CardNumber, UziNumber
from pki.domain.people import BirthDate
from pki.ports import SystemEntropy
from server.demo.cards import ORGANISATION, URA, Someone
from server.demo.scene import Scene, make_files, raise_curtain
from server.demo.stage import choose_ports
from server.demo.telling.narrator import Narrator
from server.demo.telling.texts import Texts
from server.demo.telling.tools import Tools
from virtual_card.piv import PivCard as VirtualCard

PIN = b"Zorg42x"
PROFILES = {KeyType.RSA_2048: "card-rsa2048", KeyType.P256: "card-p256"}


@dataclass(slots=True)
class Meter:
    """How often something was used, and for how long."""

    count: int = 0
    seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        self.count += 1
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began


@dataclass(slots=True)
class MeteredChip:
    """The driver's transport to a virtual card."""

    chip: VirtualCard
    meter: Meter

    def transmit(self, apdu: bytearray) -> bytes:
        with self.meter.running():
            return self.chip.transmit(bytes(apdu))

    def reset(self) -> None:
        self.chip.power_on()


@dataclass(slots=True, kw_only=True)
class MeteredCards:
    """A reader with one blank card in it."""

    meter: Meter
    number: CardNumber
    key_type: KeyType
    chip: VirtualCard = field(default_factory=lambda: VirtualCard(vendor=True))

    def open(self, printed: CardNumber | None) -> HolderCard:
        self.chip.power_on()
        settings = PivSettings(
            pin_characters=PinCharacters.PRINTABLE_ASCII,
            ask_vendor=True,
            master=Secret(bytes(range(32))),
        )
        return PivCard.at(
            MeteredChip(self.chip, self.meter),
            settings=settings,
            entropy=SystemEntropy(),
            key_type=self.key_type,
            printed=printed or self.number,
        )

    def close(self) -> None:
        pass


@dataclass(slots=True)
class MeteredPass:
    """A software pass and its reader; what a chip would do counts as the card's time."""

    inside: SoftPass
    meter: Meter
    pin_entry: PinEntry = PinEntry.NOWHERE

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.inside.algorithm

    def tries_left(self) -> None:
        return

    def open(self, pin: Secret | None) -> "MeteredPass":
        del pin
        return self

    def authenticity_certificate(self) -> bytes:
        with self.meter.running():
            return self.inside.authenticity_certificate()

    def sign(self, message: bytes) -> bytes:
        with self.meter.running():
            return self.inside.sign(message)

    def close(self) -> None:
        pass


class MeteredClient(IssuanceClient):
    """The API's client; a request's time is the network's and the server's."""

    def __init__(self, url: str, *, tls: ssl.SSLContext, meter: Meter) -> None:
        super().__init__(url, tls=tls)
        self._meter = meter

    async def _exchange(self, *words: Any, **named: Any) -> Any:  # noqa: ANN401 -- handed through
        with self._meter.running():
            return await super()._exchange(*words, **named)


class Quick(Unattended):
    """Answers at once, and has the PUK on paper."""

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        del kind, again

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        del characters, fault
        return Secret(PIN)

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        del mistaken
        return Secret(puk.reveal()[-4:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One card: seconds in all and of the writer itself, commands to the card, requests."""

    seconds: float
    own_seconds: float
    commands: int
    requests: int


async def one_card(scene: Scene, key_type: KeyType, number: int) -> Making:
    """A new employee's card, by the whole flow."""
    someone = Someone(
        label=f"employee-{number}",
        surname="Jansen",
        given_names="Jan",
        uzi_number=UziNumber(str(number)),
        birth_date=date(1980, 1, 2),
    )
    uzi_pass = await scene.reception.hand_out_pass(someone)
    card, api, token = Meter(), Meter(), Meter()
    tls = ssl.create_default_context(cafile=scene.reception.api_ca)
    cards = MeteredCards(meter=card, number=CardNumber(f"B-{number}"), key_type=key_type)
    async with MeteredClient(scene.api, tls=tls, meter=api) as client:
        desk = Desk(
            passes=MeteredPass(uzi_pass, token),
            cards=cards,
            person=Quick(),
            client=client,
            entropy=SystemEntropy(),
        )
        began = time.perf_counter()
        await desk.run(make_card(desk.entropy, birth_date=BirthDate(someone.birth_date)))
        seconds = time.perf_counter() - began
    own = seconds - card.seconds - api.seconds - token.seconds
    return Making(seconds=seconds, own_seconds=own, commands=card.count, requests=api.count)


class House:
    """A practice installation whose card profile can be chosen anew for each start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.narrator = Narrator.on(io.StringIO(), Texts("en"), 80)
        self.ports = choose_ports(None, SystemEntropy())
        self._number = 900_300_000
        self._known = False

    async def prepare(self) -> None:
        """Make its keys, and the register that it trusts."""
        self.register = await make_files(self.folder, self.ports, self.narrator)
        self._config = (self.folder / "zorgid.toml").read_text("utf-8")

    async def cards(self, key_type: KeyType, rounds: int) -> list[Making]:
        """So many cards with such keys, one after the other."""
        line = f'card_profile = "{PROFILES[key_type]}"\n'
        (self.folder / "zorgid.toml").write_text(line + self._config, "utf-8")
        (self.folder / "server.log").unlink(missing_ok=True)
        tools = Tools(directory=self.folder, narrator=self.narrator)
        async with raise_curtain(self.folder, self.register, self.ports, tools) as scene:
            if not self._known:
                async with scene.team() as team:
                    named = OrganisationRequest(ura=URA, name=ORGANISATION)
                    await team.register_organisation(named)
                self._known = True
            made = []
            for _ in range(rounds):
                self._number += 1
                made.append(await one_card(scene, key_type, self._number))
            return made
