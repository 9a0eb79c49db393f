"""A card made at the desk: a virtual PIV card, a UZI pass, and the whole API in this process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count, product
from pathlib import Path

import pytest
from cryptography import x509

from card_desk import CARD_PIN, URA, ChipCards, Someone, Tear, TestDesk, TornClient, pass_of
from card_writer.card_edge import CardGone, Phase
from card_writer.flow.making import Made
from fakes_issuance import GENEROUS
from fixtures_signers import Hierarchy, open_token_ca
from issuance.desk import Desk
from issuance.rules.rates import Restraint
from issuance_world import RegisterStatus, Server, World
from pki.api.errors import ServiceUnreachable
from pki.api.wire import HolderView
from pki.domain.algorithms import KeyType
from pki.domain.cards import Active, Card
from pki.domain.identifiers import CardNumber, UziNumber
from pki.store.reading import ReadStore
from pki.store.writing import Store
from store_samples import SetClock
from tls_made import TlsMade
from uzi_made import Register
from vcard_piv import PivCard as VirtualCard
from vcard_piv_keys import TRANSPORT_KEY

CHANGING = frozenset({0xDB, 0x24, 0x2C, 0x47, 0xFF, 0x20, 0x87})
"""PUT DATA, PINs and PUK, GENERATE, administration key, VERIFY, GENERAL AUTHENTICATE."""


class GenerousWorld(World):
    """One that does not count how often this computer asks."""

    def desk(self, store: Store, reader: ReadStore) -> Desk:
        return replace(super().desk(store, reader), restraint=Restraint(GENEROUS, lambda: 0.0))


@dataclass(kw_only=True)
class House:
    """The server, and as many desks as a test wants."""

    world: World
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


@pytest.fixture
async def house(
    tmp_path: Path, uzi_register: Register, hierarchy: Hierarchy, tls_made: TlsMade
) -> AsyncIterator[House]:
    world = GenerousWorld(
        folder=tmp_path,
        register=uzi_register,
        authority=open_token_ca(hierarchy, card="card-p256"),
        tls=tls_made,
        clock=SetClock(),
        status=RegisterStatus(),
    )
    world.prepare()
    async with world.serve() as server:
        yield House(world=world, server=server)


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


async def test_a_card_is_made(house: House) -> None:
    async with house.desk() as desk:
        made = await desk.make()
        assert len(desk.cards.heads) <= 60
        assert desk.client.tear.count == 5  # challenge, session, and three more
        assert_made(house, desk, made)
    assert desk.person.asked == [
        "uzi-pass",
        "pass pin 3",
        "birth date",
        "zorg-id",
        "choose pin",
        "note puk",
    ]


async def test_a_card_with_an_rsa_key_is_made(house: House, hierarchy: Hierarchy) -> None:
    house.world.authority = open_token_ca(hierarchy)
    async with house.world.serve() as server:
        again = House(world=house.world, server=server)
        async with again.desk() as desk:
            desk.cards.key_type = KeyType.RSA_2048
            made = await desk.make()
            assert len(desk.cards.heads) <= 75
            assert_made(again, desk, made)


async def test_a_card_that_knows_t0_alone_is_made(house: House) -> None:
    async with house.desk() as desk:
        desk.cards.chip = VirtualCard(vendor=True, t0=True)
        assert_made(house, desk, await desk.make())


async def test_the_holder_is_shown_before_a_card_is_touched(house: House) -> None:
    async with house.desk() as desk:
        desk.cards.tear = Tear(at=0)
        with pytest.raises(CardGone):
            await desk.make()
        holder = next(each for each in desk.person.told if isinstance(each, HolderView))
    assert (str(holder.ura), holder.organisation) == (URA, "Tést Zorginstelling 03")


async def torn_and_made(house: House, index: int, *, same_run: bool) -> bool:
    """Tear at this APDU; the same run goes on with an acted one, else a new run begins."""
    async with house.desk() as desk:
        desk.cards.tear = Tear(at=index, acted=same_run)
        desk.person.patience = int(same_run)
        torn = False
        try:
            made = await desk.make()
        except CardGone:
            torn = True
            made = await desk.make()
        assert_made(house, desk, made)
        return torn or desk.person.patience < int(same_run)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_new_run_goes_on_after_a_tear_at_any_apdu(house: House) -> None:
    torn = 0
    while await torn_and_made(house, torn, same_run=False):
        torn += 1
    assert torn > 40


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_same_run_goes_on_after_a_tear_at_any_change(house: House) -> None:
    """At the commands that change the card or its rights, which were done all the same."""
    async with house.desk() as desk:
        await desk.make()
        heads = desk.cards.heads
    changing = [index for index, head in enumerate(heads) if head[1] in CHANGING]
    assert len(changing) > 20
    for index in changing:
        assert await torn_and_made(house, index, same_run=True)


@pytest.mark.parametrize("acted", [False, True], ids=["lost-request", "lost-answer"])
@pytest.mark.parametrize("same_run", [False, True], ids=["new-run", "same-run"])
async def test_torn_at_any_request_it_comes_right(
    house: House, *, acted: bool, same_run: bool
) -> None:
    for index in range(5):
        async with house.desk() as desk:
            desk.client.tear = Tear(at=index, acted=acted)
            desk.person.patience = int(same_run)
            try:
                made = await desk.make()
            except ServiceUnreachable:
                made = await desk.make()
            assert_made(house, desk, made)


async def test_torn_at_any_touch_the_pass_is_not_locked(house: House) -> None:
    for index, acted in product(range(4), (False, True)):
        async with house.desk() as desk:
            desk.uzi_pass.tear = Tear(at=index, acted=acted)
            with pytest.raises(CardGone):
                await desk.make()
            assert_made(house, desk, await desk.make())
            assert desk.uzi_pass.opened <= 2
