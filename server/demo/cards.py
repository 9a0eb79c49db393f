"""The people of the story: their passes and cards, and one card that its CA never issued."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.unattended import Unattended
from card_writer.soft_token import SoftCard, SoftCardReader, SoftPass, SoftPassReader
from pki.api.client import IssuanceClient
from pki.api.wire import CardView, ConfirmationRequest
from pki.domain.identifiers import CardId, CardNumber, SerialNumber, Ura, UziNumber
from pki.domain.people import BirthDate
from pki.domain.uzi import PassType, UziName
from pki.ports import Entropy, SystemEntropy
from server.demo.uzi_register import OID_CA, PassSubject, StandInRegister
from server.files import replace_file
from server.setting.keys import KeySettings

URA: Final = Ura("90000382")
ORGANISATION: Final = "Huisartsencoöperatie De Linde"


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person who does not exist. ``role`` and ``title``: a Zorgverlener's only."""

    label: str
    surname: str
    given_names: str
    uzi_number: UziNumber
    birth_date: date
    pass_type: PassType = PassType.MEDEWERKER_OP_NAAM
    role: str = "00.000"
    title: str | None = None

    @property
    def common_name(self) -> str:
        """As it stands on pass and card."""
        return f"{self.given_names} {self.surname}"

    def name_on_card(self, oid_ca: str) -> UziName:
        """The UZI name that a card of this CA carries: the pass's, under the CA's own OID."""
        return replace(self.subject.name, oid_ca=oid_ca)

    @property
    def subject(self) -> PassSubject:
        """What the register writes on the pass."""
        name = UziName(
            oid_ca=OID_CA[self.pass_type],
            uzi_number=self.uzi_number,
            pass_type=self.pass_type,
            ura=URA,
            role=self.role,
        )
        return PassSubject(
            name=name,
            organisation=ORGANISATION,
            surname=self.surname,
            given_names=self.given_names,
            title=self.title,
        )


EMPLOYEES: Final = (
    Someone(
        label="good",
        surname="van den Heuvel",
        given_names="Chloë",
        uzi_number=UziNumber("900000101"),
        birth_date=date(1988, 2, 29),
    ),
    Someone(
        label="blocked",
        surname="Bakker",
        given_names="Jurriën",
        uzi_number=UziNumber("900000102"),
        birth_date=date(1975, 11, 3),
    ),
    Someone(
        label="revoked",
        surname="Öztürk",
        given_names="Şeyma",
        uzi_number=UziNumber("900000103"),
        birth_date=date(1996, 6, 17),
    ),
)
AT_READERS: Final = Someone(
    label="readers",
    surname="el Amrani",
    given_names="Noor",
    uzi_number=UziNumber("900000105"),
    birth_date=date(1991, 4, 12),
)
"""Whose card is made in card readers, where there are some."""
DOCTOR: Final = Someone(
    label="zorgverlener",
    surname="de Groot",
    given_names="Inès",
    uzi_number=UziNumber("900000104"),
    birth_date=date(1969, 8, 21),
    pass_type=PassType.ZORGVERLENER,
    role="01.015",
    title="Huisarts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCard:
    """A card as files: ``pem`` holds its certificate alone, paths are absolute."""

    holder: Someone
    pem: Path
    key: Path
    certificate: x509.Certificate
    card_id: CardId

    @property
    def serial(self) -> SerialNumber:
        """Its certificate's serial number."""
        return SerialNumber(self.certificate.serial_number)


class PausingClient(IssuanceClient):
    """A client that does something between the certificate and its confirmation."""

    def __init__(
        self, url: str, *, tls: ssl.SSLContext, pause: Callable[[CardId], Awaitable[None]] | None
    ) -> None:
        super().__init__(url, tls=tls)
        self._pause = pause

    async def confirm(self, token: str, card_id: CardId, request: ConfirmationRequest) -> CardView:
        """Pause, then confirm."""
        if self._pause is not None:
            await self._pause(card_id)
        return await super().confirm(token, card_id, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Where passes and cards come from and cards are made: one desk a person."""

    directory: Path
    register: StandInRegister
    api: str
    api_ca: Path

    async def hand_out_pass(self, someone: Someone) -> SoftPass:
        """A UZI pass of the stand-in register, as a software token."""
        issued = await asyncio.to_thread(self.register.issue, someone.subject)
        folder = self.directory / "passes" / someone.label
        return SoftPass.create(folder, key=issued.key, certificate=issued.certificate)

    async def make_card(
        self, someone: Someone, pause: Callable[[DemoCard], Awaitable[None]] | None = None
    ) -> DemoCard:
        """Make a card with a new pass; ``pause`` is called when it is certified, not confirmed.

        Raises:
            ZorgidError: whatever card writer and server raise; `ProblemAnswered` for a refusal.
        """
        uzi_pass = await self.hand_out_pass(someone)
        number = CardNumber(f"DEMO-{someone.uzi_number}")
        token = SoftCard.blank(self.directory / "cards" / someone.label, number)

        async def show(card_id: CardId) -> None:
            if pause is not None:
                await pause(self._card(someone, token, token.certificates()[0], card_id))

        tls = ssl.create_default_context(cafile=self.api_ca)
        async with PausingClient(self.api, tls=tls, pause=show) as client:
            desk = Desk(
                passes=SoftPassReader(uzi_pass),
                cards=SoftCardReader(token),
                person=Unattended(),
                client=client,
                entropy=SystemEntropy(),
            )
            birth_date = BirthDate(someone.birth_date)
            made: Made = await desk.run(make_card(desk.entropy, birth_date=birth_date))
        return self._card(someone, token, made.certificate, made.card.card_id)

    def _card(self, someone: Someone, token: SoftCard, der: bytes, card_id: CardId) -> DemoCard:
        certificate = x509.load_der_x509_certificate(der)
        pem = self.directory / "cards" / f"{someone.label}.pem"
        replace_file(pem, certificate.public_bytes(Encoding.PEM))
        return DemoCard(
            holder=someone,
            pem=pem,
            key=token.key_file,
            certificate=certificate,
            card_id=card_id,
        )


def never_issued(
    like: x509.Certificate, issuer: x509.Certificate, key_files: KeySettings, entropy: Entropy
) -> x509.Certificate:
    """A certificate of the same shape, signed by the CA's key, of whose serial no record exists.

    What a stolen key or a broken CA would make. The key is read straight from its file and the
    certificate made by another builder, past every rule and the store.
    """
    passphrase = key_files.passphrase_file.read_bytes().strip()
    signing_key = load_pem_private_key(key_files.file.read_bytes(), passphrase)
    if not isinstance(signing_key, rsa.RSAPrivateKey):
        raise TypeError("the Token CA of a practice installation has an RSA key")
    own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    serial = int.from_bytes(entropy.octets(20), "big") % (1 << 156) + (1 << 156)
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .issuer_name(issuer.subject)
        .subject_name(like.subject)
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
        .public_key(own_key.public_key())
    )
    for extension in like.extensions:
        value: x509.ExtensionType = extension.value
        if isinstance(value, x509.SubjectKeyIdentifier):
            value = x509.SubjectKeyIdentifier.from_public_key(own_key.public_key())
        builder = builder.add_extension(value, critical=extension.critical)
    return builder.sign(signing_key, hashes.SHA256())
