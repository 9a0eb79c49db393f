"""A responder on fakes, and what tests ask it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from fakes.status import ISSUER, FakeClock, FakeStore
from ocsp.credential import ResponderCredential
from ocsp.http import OcspHandler
from ocsp.issuers import IssuerStatus, IssuerTable
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.renewal import CredentialChoice, CredentialHolder
from ocsp.responder import OcspResponder
from ocsp.statistics import Source
from pki.der.certificate import read_certificate
from pki.der.ocsp import (
    CertId,
    OcspError,
    OcspResponse,
    encode_request,
    make_cert_id,
    read_response,
)
from pki.domain.errors import StoreUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import CertificateStatus
from pki.ports import HttpAnswer, HttpRequest, ReadyAnswer
from status_side.small_pki import PlainSigner, PracticeCa, QuickSigner, new_key

CA: Final = PracticeCa("Token CA", new_key("ca"))
OTHER_CA: Final = PracticeCa("Other CA", new_key("other"))
OCSP_TYPE: Final = {b"content-type": b"application/ocsp-request"}


@dataclass
class FakeCredentials:
    """Gives the credential it is told to."""

    next_one: ResponderCredential | None = None
    fail: Exception | None = None
    asked: int = 0

    async def renew(self) -> ResponderCredential:
        self.asked += 1
        if self.fail is not None:
            raise self.fail
        assert self.next_one is not None
        return self.next_one


def cert_id(serial: SerialNumber | int, hash_name: str = "sha256", ca: PracticeCa = CA) -> CertId:
    content = read_certificate(ca.certificate).content
    number = serial if isinstance(serial, int) else serial.value
    return make_cert_id(content.subject_der, content.public_key, number, hash_name)


def request_for(
    *serials: SerialNumber, hash_name: str = "sha256", nonce: bytes | None = None
) -> bytes:
    return encode_request([cert_id(serial, hash_name) for serial in serials], nonce)


@dataclass
class FakeDigests:
    """Digests of certificates in memory."""

    known: dict[SerialNumber, bytes] = field(default_factory=dict)
    broken: bool = False

    async def certificate_sha256(self, issuer: IssuerId, serial: SerialNumber) -> bytes | None:
        assert issuer == ISSUER
        if self.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        return self.known.get(serial)


@dataclass
class Bench:
    """Everything around one responder."""

    policy: ResponderPolicy = field(default_factory=lambda: ResponderPolicy(read_seconds=60))
    clock: FakeClock = field(default_factory=FakeClock)
    issuer: IssuerId = ISSUER
    ca: PracticeCa = CA
    key_kind: str = "ec"
    quick: bool = False
    kind: type[PlainSigner] | None = None
    digests: FakeDigests | None = None
    other_kind: str | None = None

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock, self.issuer)
        kind = self.kind or (QuickSigner if self.quick else PlainSigner)
        self.signer = kind(new_key("responder", self.key_kind))
        self.source = FakeCredentials()
        self.credential = self.credential_of(self.signer)
        issuer = IssuerStatus.of(self.issuer, self.ca.certificate)
        self.holder = CredentialHolder(
            self.issuer, self.ca.certificate, self.source, self.clock, self.credential
        )
        holders = [self.holder]
        if self.other_kind is not None:
            other = self.credential_of(PlainSigner(new_key("other", self.other_kind)))
            holders.append(
                CredentialHolder(self.issuer, self.ca.certificate, self.source, self.clock, other)
            )
        self.other = holders[-1]
        self.responder = OcspResponder(
            IssuerTable([issuer]),
            {self.issuer: CredentialChoice(*holders)},
            self.store,
            moments=Moments(self.clock, self.clock.monotonic),
            policy=self.policy,
            digests=self.digests,
        )
        self.store.listeners.append(self.responder.apply)
        self.handler = OcspHandler(self.responder)

    def credential_of(self, signer: PlainSigner) -> ResponderCredential:
        """A certificate of now for this key."""
        start = self.clock.at - timedelta(hours=1)
        return ResponderCredential.of(signer, self.ca.responder(signer.key, start=start))

    def given(self, source: Source) -> int:
        """How many answers came from there."""
        counted = self.responder.statistics.answers()
        return sum(count for (_, each), count in counted.items() if each == source)

    async def post(self, body: bytes) -> HttpAnswer:
        self.responder.beat()
        return await self.handler.answer(
            HttpRequest(method="POST", target=b"/ocsp", headers=OCSP_TYPE, body=body)
        )

    async def get(
        self, target: bytes, *, match: bytes | None = None, since: str | None = None
    ) -> HttpAnswer:
        self.responder.beat()
        headers = {} if match is None else {b"if-none-match": match}
        if since is not None:
            headers[b"if-modified-since"] = since.encode("latin-1")
        return await self.handler.answer(
            HttpRequest(method="GET", target=target, headers=headers, body=b"")
        )

    def hot(self, body: bytes) -> bytes | None:
        """What is ready, or is made in its turn without waiting."""
        self.responder.beat()
        ready = self.handler.hot(b"POST", b"/ocsp", OCSP_TYPE, body)
        if ready is self.responder.live:
            made = self.responder.at_once(body)
        else:
            assert ready is None or isinstance(ready, ReadyAnswer)
            made = ready
        return made.octets if isinstance(made, ReadyAnswer) else made

    async def status(self, serial: SerialNumber) -> CertificateStatus | None:
        return one(await self.post(request_for(serial)))


def response(answer: HttpAnswer) -> OcspResponse:
    assert answer.status == 200
    assert answer.header("content-type") == "application/ocsp-response"
    read = read_response(answer.body)
    assert isinstance(read, OcspResponse)
    return read


def one(answer: HttpAnswer) -> CertificateStatus | None:
    (single,) = response(answer).singles
    return single.status


def refusal(answer: HttpAnswer) -> OcspError:
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    read = read_response(answer.body)
    assert isinstance(read, OcspError)
    return read
