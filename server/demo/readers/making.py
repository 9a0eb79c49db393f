"""One card by the drivers that a desk uses: PC/SC, APDUs, a PIN and a PUK."""

import asyncio
import os
import ssl
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from card_writer.card_edge import PinCharacters, WrongSecret
from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.flow.pins import PinFault
from card_writer.flow.unattended import Unattended
from card_writer.piv.readers import PivCardReader, PivPassReader
from card_writer.piv.rights import PivSettings
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.client import IssuanceClient
from pki.domain.people import BirthDate
from pki.ports import SystemEntropy
from server.demo.cards import AT_READERS
from server.demo.readers.chain import (
    PASS_CERTIFICATE,
    PASS_KEY,
    PASS_PIN,
    Readers,
    lacking,
    readers_running,
)
from server.demo.scene import Play
from server.demo.watching import Shown
from server.files import replace_file, write_new

_MASTER_OCTETS: Final = 32
PIN_OF_PASS: Final = b"24681357"
PIN_OF_CARD: Final = b"Linde742"
"""Of a pass and a card that end with the demo."""


class AtTheDesk(Unattended):
    """Types the PINs of a person who does not exist, and has the PUK on paper."""

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        """Both lie in their readers."""

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        """The PIN of the pass."""
        del tries_left, refused
        return Secret(PIN_OF_PASS)

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        """Letters and digits."""
        del characters, fault
        return Secret(PIN_OF_CARD)

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        """Its end, typed back."""
        del mistaken
        return Secret(puk.reveal()[-4:])


async def make_card_in_readers(play: Play) -> None:
    """The whole flow on virtual readers, or why not here.

    Raises:
        DemoFailed: the card is not what it should be.
    """
    narrator = play.narrator
    missing = lacking() if play.readers is not None else ()
    if play.readers is None or missing:
        narrator.say("readers_missing", what=", ".join(missing) or "bootstrap.py")
        return
    narrator.say("readers_begin", name=AT_READERS.common_name)
    folder = play.directory / "readers"
    await asyncio.to_thread(_put_pass, play, folder)
    async with readers_running(play.readers, folder) as readers:
        certificate = await _made(play, readers)
    pem = play.directory / "cards" / f"{AT_READERS.label}.pem"
    replace_file(pem, certificate.public_bytes(Encoding.PEM))
    outside = play.scene.outside
    await outside.until("OCSP", partial(outside.ocsp, certificate), Shown.GOOD)
    await play.scene.proofs.chain(pem)
    await play.scene.proofs.ocsp_post(pem, Shown.GOOD)
    play.card_chain = pem
    narrator.good("readers_made")


def _put_pass(play: Play, folder: Path) -> None:
    issued = play.scene.reception.register.issue(AT_READERS.subject)
    folder.mkdir(mode=0o700)
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_new(folder / PASS_KEY, key)
    write_new(folder / PASS_CERTIFICATE, issued.certificate.public_bytes(Encoding.PEM))
    write_new(folder / PASS_PIN, PIN_OF_PASS)


async def _made(play: Play, readers: Readers) -> x509.Certificate:
    # PC/SC's library reads it when it is used first.
    os.environ["PCSCLITE_CSOCK_NAME"] = readers.socket
    reception, entropy = play.scene.reception, SystemEntropy()
    settings = PivSettings(
        pin_characters=PinCharacters.PRINTABLE_ASCII,
        ask_vendor=True,
        master=Secret(entropy.octets(_MASTER_OCTETS)),
    )
    tls = ssl.create_default_context(cafile=reception.api_ca)
    async with IssuanceClient(reception.api, tls=tls) as client:
        desk = Desk(
            passes=PivPassReader(reader=readers.passes),
            cards=PivCardReader(reader=readers.cards, settings=settings, entropy=entropy),
            person=AtTheDesk(),
            client=client,
            entropy=entropy,
        )
        birth_date = BirthDate(AT_READERS.birth_date)
        made = await desk.run(make_card(entropy, birth_date=birth_date))
    return x509.load_der_x509_certificate(made.certificate)
