"""A desk for tests: a pass with a PIN, a virtual card that can be pulled, and who sits there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from card_writer.at_reader import PinEntry
from card_writer.card_edge import CardGone, HolderCard, PinCharacters, SecretKind, WrongSecret
from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.base import Step
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from desks.torn_client import Tear, TornClient
from made.uzi import PassPlan, Register, der, upn, uzi
from pki.api.wire import HolderView
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate
from pki.ports import SystemEntropy
from virtual_card.piv import PivCard as VirtualCard

PASS_PIN, CARD_PIN = b"314159", b"Zorg42x"
URA = "90000382"
BIRTH_DATE = BirthDate(date(1985, 11, 22))
SETTINGS = PivSettings(
    pin_characters=PinCharacters.PRINTABLE_ASCII, ask_vendor=True, master=Secret(bytes(range(40)))
)


def gone() -> CardGone:
    return CardGone(message="pulled out", next_step="put it in again", outcome_unknown=True)


@dataclass(slots=True)
class TornChip:
    """Fulfils the driver's transport: a chip, lost where the tear says."""

    chip: VirtualCard
    tear: Tear
    heads: list[bytes] = field(default_factory=list)

    def transmit(self, apdu: bytearray) -> bytes:
        strikes = self.tear.strikes()
        self.heads.append(bytes(apdu[:4]))
        answer = b"" if strikes and not self.tear.acted else self.chip.transmit(bytes(apdu))
        if strikes:
            self.chip.power_on()
            raise gone()
        return answer

    def reset(self) -> None:
        self.chip.power_on()


@dataclass(slots=True, kw_only=True)
class ChipCards:
    """A reader with one virtual card in it."""

    chip: VirtualCard
    tear: Tear = field(default_factory=Tear)
    number: CardNumber | None
    settings: PivSettings = SETTINGS
    key_type: KeyType = KeyType.P256
    heads: list[bytes] = field(default_factory=list)
    on_gone: Callable[["ChipCards"], None] = lambda _: None

    def open(self, printed: CardNumber | None) -> HolderCard:
        if self.tear.at is not None and self.tear.count > self.tear.at:
            self.on_gone(self)
        self.chip.power_on()
        return PivCard.at(
            TornChip(self.chip, self.tear, self.heads),
            settings=self.settings,
            entropy=SystemEntropy(),
            key_type=self.key_type,
            printed=printed or self.number,
        )

    def close(self) -> None:
        pass


@dataclass(slots=True, kw_only=True)
class PassDouble:
    """A UZI pass and its reader, which count tries as a chip does."""

    certificate: bytes
    key: rsa.RSAPrivateKey
    tear: Tear = field(default_factory=Tear)
    left: int = 3
    opened: int = 0

    pin_entry = PinEntry.HERE
    algorithm = SignatureAlgorithm.SHA256_RSA

    def tries_left(self) -> int | None:
        self._touched()
        return self.left

    def open(self, pin: Secret | None) -> "PassDouble":
        assert pin is not None
        self.opened += 1
        strikes = self.tear.strikes()
        if self.left and (not strikes or self.tear.acted):
            self.left = 3 if bytes(pin.reveal()) == PASS_PIN else self.left - 1
        if strikes:
            raise gone()
        if self.left < 3:
            raise WrongSecret(message="wrong", which=SecretKind.PIN, tries_left=self.left)
        return self

    def authenticity_certificate(self) -> bytes:
        self._touched()
        return self.certificate

    def sign(self, message: bytes) -> bytes:
        self._touched()
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def close(self) -> None:
        pass

    def _touched(self) -> None:
        if self.tear.strikes():
            raise gone()


@dataclass(slots=True, kw_only=True)
class Someone:
    """Sits at the desk, and remembers the PIN they chose and the PUK they wrote down."""

    pass_pins: list[bytes] = field(default_factory=lambda: [PASS_PIN])
    choices: list[bytes] = field(default_factory=list)
    pin: bytes = CARD_PIN
    paper: bytes = b""
    patience: int = 0
    slips: int = 0
    wrong: bytes = b""
    takes_last_try: bool = False
    asked: list[str] = field(default_factory=list)
    told: list[HolderView] = field(default_factory=list)
    steps: list[Step[Any]] = field(default_factory=list)
    faults: list[PinFault] = field(default_factory=list)

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        self.asked.append(f"{kind.value} again" if again else kind.value)

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        self.asked.append(f"pass pin {tries_left}")
        return Secret(
            bytearray(self.pass_pins.pop(0) if len(self.pass_pins) > 1 else self.pass_pins[0])
        )

    async def last_try(self, which: SecretKind, kind: CardKind) -> bool:
        self.asked.append(f"last try {which.value} {kind.value}")
        return self.takes_last_try

    async def birth_date(self, holder: HolderView) -> BirthDate:
        self.asked.append("birth date")
        self.told.append(holder)
        return BIRTH_DATE

    async def card_number(self) -> CardNumber:
        self.asked.append("card number")
        return CardNumber("TYPED-0001")

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        self.asked.append("choose pin")
        if fault is not None:
            self.faults.append(fault)
        chosen = self.choices.pop(0) if self.choices else CARD_PIN
        self.pin = chosen
        return Secret(bytearray(chosen))

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        self.asked.append("note puk again" if mistaken else "note puk")
        self.paper = bytes(puk.reveal())
        self.slips -= 1
        return Secret(b"0x0x" if self.slips >= 0 else bytearray(self.paper[-4:]))

    async def recall(self, refused: WrongSecret | None) -> tuple[Secret, Secret]:
        self.asked.append("recall")
        return Secret(bytearray(self.pin)), Secret(bytearray(self.paper))

    async def card_secret(self, which: SecretKind, tries_left: int | None) -> Secret:
        self.asked.append(f"{which.value} {tries_left}")
        held = self.pin if which is SecretKind.PIN else self.paper
        return Secret(bytearray(self.wrong or held))

    async def go_on(self, error: ZorgidError) -> bool:
        self.asked.append(f"go on after {error.code}")
        self.patience -= 1
        return self.patience >= 0

    def doing(self, step: Step[Any]) -> None:
        self.steps.append(step)


def pass_of(register: Register, number: str = "900021219", *, ura: str = URA) -> PassDouble:
    """The pass of the employee with this UZI number."""
    plan = PassPlan()
    text = f"2.16.528.1.1007.99.218-1-{number}-N-{ura}-00.000-00000000"
    subject = [(oid, number if value == "900021219" else value) for oid, value in plan.subject]
    named = replace(plan, names=(upn(f"{number}@{ura}"), uzi(text)), subject=subject)
    return PassDouble(certificate=der(register.issue(named)), key=register.pass_key)


@dataclass(slots=True, kw_only=True)
class TestDesk:
    """Everything of one person and one card."""

    __test__ = False

    uzi_pass: PassDouble
    cards: ChipCards
    person: Someone
    client: TornClient

    async def make(self) -> Made:
        """Run the program once."""
        entropy = SystemEntropy()
        desk = Desk(
            passes=self.uzi_pass,
            cards=self.cards,
            person=self.person,
            client=self.client,
            entropy=entropy,
        )
        return await desk.run(make_card(entropy))

    def mended(self) -> None:
        """Nothing is torn any more."""
        for each in (self.uzi_pass, self.cards, self.client):
            each.tear = Tear()
