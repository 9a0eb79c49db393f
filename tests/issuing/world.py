"""The whole issuance API with its real neighbours: SQLite, the Token CA, UZI trust, TLS."""

import hashlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca.authority import CertificationAuthority, Generations
from issuance.desk import Desk, Limits
from issuance.http.app import create_app, serving
from issuance.http.entrance import Entrance
from issuance.register_operator import NewOperator, record_operator
from issuance.register_organisation import NewOrganisation, record_organisation
from issuance.rules.rates import RateLimits, Restraint
from issuance.steps.intents import close_all_intents
from made.tls import TlsMade
from made.uzi import NOW, Register, der
from pki.api.client import IssuanceClient
from pki.api.wire import (
    CardView,
    CertificateRequest,
    CertifiedView,
    ChallengeView,
    ConfirmationRequest,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardId, CardNumber, IdempotencyKey, Ura
from pki.domain.people import SYSTEM, BirthDate, Role
from pki.keys.sealing import BirthDateSealer
from pki.ports import SystemEntropy
from pki.store.migrate import migrate
from pki.store.reading import ReadStore
from pki.store.writing import Store
from pki.trust import proofs
from pki.trust.path import Issuer
from pki.trust.registration.representation import UziRepresentation
from pki.trust.uzi_pass import UziTrust
from stores.samples import SetClock

RSA = SignatureAlgorithm.SHA256_RSA
URA = Ura("90000382")
BIRTH_DATE = BirthDate(NOW.date() - timedelta(days=15_000))


def signed(key: rsa.RSAPrivateKey, message: bytes) -> bytes:
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def pkcs10(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str = "whoever") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


class RegisterStatus:
    """The UZI register's word on any pass: good, unless there is a failure."""

    failure: ZorgidError | None = None

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass(kw_only=True)
class World:
    """Everything an API needs; `serve` may be entered again: that is a restart."""

    folder: Path
    register: Register
    authority: CertificationAuthority
    tls: TlsMade
    clock: SetClock
    status: RegisterStatus

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/zorgid.sqlite3"

    def prepare(self) -> None:
        """Make the store, with one organisation and two operators."""
        migrate(self.url)
        store = Store.open(self.url, clock=self.clock)
        entropy = SystemEntropy()
        organisation = NewOrganisation(ura=URA, name="Zorginstelling 03")
        team = NewOperator(role=Role.ZORGID_TEAM, ura=None, certificate=self.tls.der("team"))
        manager = NewOperator(role=Role.BEHEERDER, ura=URA, certificate=self.tls.der("manager"))
        store.write_sync(lambda tx: record_organisation(tx, entropy, organisation, SYSTEM))
        store.write_sync(lambda tx: record_operator(tx, entropy, team, SYSTEM))
        store.write_sync(lambda tx: record_operator(tx, entropy, manager, SYSTEM))
        store.close_sync()

    def desk(self, store: Store, reader: ReadStore) -> Desk:
        entropy = SystemEntropy()
        passes = UziTrust(self.register.settings, self.status)
        return Desk(
            store=store,
            reader=reader,
            authorities=Generations([self.authority], issues={self.authority.issuer}),
            passes=passes,
            representation=UziRepresentation.of(self.register.settings, passes, self.status),
            proofs=proofs,
            sealer=BirthDateSealer(hashlib.sha256(b"sealing").digest(), entropy),
            clock=self.clock,
            entropy=entropy,
            audience="127.0.0.1",
            salt=b"a salt of sixteen",
            limits=Limits(),
            restraint=Restraint(RateLimits(pass_per_hour=1000), time.monotonic),
        )

    @asynccontextmanager
    async def serve(self, entrance: Entrance | None = None) -> AsyncIterator["Server"]:
        store, reader = Store.open(self.url, clock=self.clock), ReadStore.open(self.url)
        desk = self.desk(store, reader)
        try:
            await close_all_intents(desk)
            app = create_app(desk)
            tls = self.tls.server_context()
            async with serving(app, host="127.0.0.1", port=0, tls=tls, entrance=entrance) as port:
                yield Server(world=self, port=port, desk=desk)
        finally:
            await store.close()
            await reader.close()


@dataclass(kw_only=True)
class Server:
    world: World
    port: int
    desk: Desk

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def client(self, who: str | None = None) -> IssuanceClient:
        return IssuanceClient(self.url, tls=self.world.tls.client_context(who), timeout_seconds=10)

    def raw_tls(self, who: str | None = None) -> ssl.SSLContext:
        return self.world.tls.client_context(who)


@dataclass(kw_only=True)
class Writer:
    """A desk with a pass in its reader and a blank card; keys are in memory."""

    client: IssuanceClient
    certificate: bytes
    pass_key: rsa.RSAPrivateKey
    card_key: rsa.RSAPrivateKey

    def session_request(
        self, challenge: ChallengeView, key: rsa.RSAPrivateKey | None = None
    ) -> SessionRequest:
        message = self.client.message_to_sign(challenge)
        return SessionRequest(
            challenge_id=challenge.challenge_id,
            certificate=self.certificate,
            signature=signed(key or self.pass_key, message),
            algorithm=RSA,
        )

    async def open(self) -> SessionView:
        request = self.session_request(await self.client.challenge())
        self.session = await self.client.open_session(request)
        return self.session

    async def order(self, key: str = "k" * 16, number: str = "ZC-000001") -> CardView:
        body = OrderRequest(
            birth_date=BIRTH_DATE, card_number=CardNumber(number), certificate=self.certificate
        )
        return await self.client.order_card(self.session.token, IdempotencyKey(key), body)

    async def certify(self, card_id: CardId, request: bytes | None = None) -> CertifiedView:
        body = CertificateRequest(pkcs10=request or pkcs10(self.card_key))
        return await self.client.certify(self.session.token, card_id, body)

    async def confirm(
        self, certified: CertifiedView, key: rsa.RSAPrivateKey | None = None
    ) -> CardView:
        challenge = certified.challenge
        message = self.client.message_to_sign(challenge)
        body = ConfirmationRequest(
            challenge_id=challenge.challenge_id,
            signature=signed(key or self.card_key, message),
            algorithm=RSA,
        )
        return await self.client.confirm(self.session.token, certified.card.card_id, body)

    async def make(self) -> CertifiedView:
        await self.open()
        certified = await self.certify((await self.order()).card_id)
        await self.confirm(certified)
        return certified


def writer(world: World, client: IssuanceClient, card_key: rsa.RSAPrivateKey) -> Writer:
    return Writer(
        client=client,
        certificate=der(world.register.issue()),
        pass_key=world.register.pass_key,
        card_key=card_key,
    )
