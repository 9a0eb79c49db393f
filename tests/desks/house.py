"""The whole API in this process, with as many desks before it as a test wants."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from cryptography import x509

from card_writer.card_edge import Phase
from card_writer.flow.making import Made
from desks.desk import CARD_PIN, ChipCards, Someone, TestDesk, pass_of
from desks.torn_client import TornClient
from fakes.issuance import GENEROUS
from issuance.attesting.rule import NO_RULE, AttestationRule
from issuance.desk import Desk
from issuance.rules.rates import Restraint
from issuing.world import Server, World
from pki.domain.cards import Active, Card
from pki.domain.identifiers import CardNumber, UziNumber
from pki.store.reading import ReadStore
from pki.store.writing import Store
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import TRANSPORT_KEY


class GenerousWorld(World):
    """One that does not count how often this computer asks."""

    attestation: AttestationRule = NO_RULE

    def desk(self, store: Store, reader: ReadStore) -> Desk:
        restraint = Restraint(GENEROUS, lambda: 0.0)
        made = super().desk(store, reader)
        return replace(made, restraint=restraint, attestation=self.attestation)


@dataclass(kw_only=True)
class House:
    """The server, and as many desks as a test wants."""

    world: GenerousWorld
    server: Server
    numbers: Iterator[int] = field(default_factory=lambda: count(900_100_000))

    @asynccontextmanager
    async def desk(self, **changes: object) -> AsyncIterator[TestDesk]:
        """A desk with a new employee and a new card."""
        number = next(self.numbers)
        async with self.server.client() as client:
            made = TestDesk(
                uzi_pass=pass_of(self.world.register, str(number)),
                cards=ChipCards(chip=VirtualCard(vendor=True), number=CardNumber(f"ZC-{number}")),
                person=Someone(),
                client=TornClient(inner=client),
            )
            for name, value in changes.items():
                setattr(made, name, value)
            yield made

    def cards_of(self, number: UziNumber) -> list[Card]:
        store = ReadStore.open(self.world.url, threads=1)
        try:
            return list(store.read_sync(lambda session: session.cards_of_person(number)))
        finally:
            store.close_sync()


def assert_made(house: House, desk: TestDesk, made: Made) -> None:
    """One live card, the same for card and server; PIN and PUK the holder's; no try spent."""
    chip = desk.cards.chip
    assert (chip.pin.value, chip.puk.value) == (CARD_PIN.ljust(8, b"\xff"), desk.person.paper)
    assert (chip.pin.left, chip.puk.left, desk.uzi_pass.left) == (3, 3, 3)
    assert chip.lock.key != TRANSPORT_KEY
    desk.mended()
    card = desk.cards.open(None)
    assert card.state().phase is Phase.OPERATIONAL
    leaf = x509.load_der_x509_certificate(card.certificates()[0])
    assert leaf.public_key() == chip.keys[0x9A].private.public_key()
    (live,) = [each for each in house.cards_of(made.session.holder.uzi_number) if each.is_live]
    assert isinstance(live.phase, Active)
    assert live.phase.serial.value == leaf.serial_number
