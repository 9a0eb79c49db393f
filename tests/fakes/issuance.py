"""Stand-ins for the registration authority's neighbours."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from fakes.issuance_store import ISSUER, START, FakeClock, FakeStore
from fakes.representation import FakeRepresentation
from issuance.desk import Desk, Limits
from issuance.open_session import PassProof, ask_challenge, open_session
from issuance.rules.rates import RateLimits, Restraint
from pki.api.challenge import challenge_message
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import (
    KeyRejected,
    Malformed,
    NotFound,
    Unauthenticated,
    ZorgidError,
)
from pki.domain.identifiers import (
    ISSUED_SERIAL_MIN,
    IssuerId,
    OrganisationId,
    PersonId,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.domain.people import (
    BirthDate,
    Operator,
    Organisation,
    OrganisationState,
    PersonName,
    Role,
)
from pki.domain.records import (
    Challenge,
    PassHolder,
    Session,
)
from pki.domain.uzi import PassType, UziName

AUDIENCE = "127.0.0.1"
APOTHEEK = Ura("12345678")
HUISARTS = Ura("87654321")
RSA = SignatureAlgorithm.SHA256_RSA
BIRTH_DATE = BirthDate(date(1980, 2, 29))
GENEROUS = RateLimits(
    peer_per_minute=10_000, all_per_minute=10_000, pass_per_hour=10_000, refusals_per_hour=10_000
)


class FakeEntropy:
    """Repeatable, never the same twice."""

    def __init__(self) -> None:
        self.drawn = 0

    def octets(self, count: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(self.drawn.to_bytes(8, "big")).digest(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePrepared:
    serial: SerialNumber
    tbs: bytes
    profile: str
    not_before: datetime
    not_after: datetime


class FakeAuthority:
    def __init__(self, entropy: FakeEntropy, issuer: IssuerId = ISSUER) -> None:
        self.issuer = issuer
        self.chain = (f"CA {issuer}".encode(), b"ROOT")
        self._entropy = entropy
        self.signed: list[bytes] = []
        self.before_sign: Callable[[], None] = lambda: None
        self.after_sign: Callable[[], None] = lambda: None
        self.refusal: ZorgidError | None = None

    def check_key(self, public_key: bytes, /) -> None:
        if b"weak" in public_key:
            raise KeyRejected(rule="RSA size", message="weak")

    def prepare_responder(self, public_key: bytes, now: datetime, /) -> FakePrepared:
        return self._prepared("ocsp-responder", public_key, now)

    def prepare_card(self, holder: PassHolder, public_key: bytes, now: datetime, /) -> FakePrepared:
        return self._prepared("card", public_key, now)

    def _prepared(self, profile: str, public_key: bytes, now: datetime) -> FakePrepared:
        if self.refusal is not None:
            raise self.refusal
        random = int.from_bytes(self._entropy.octets(16), "big")
        serial = SerialNumber(ISSUED_SERIAL_MIN + random)
        not_before = now.replace(microsecond=0)
        return FakePrepared(
            serial=serial,
            tbs=b"TBS" + serial.to_bytes() + public_key,
            profile=f"{profile}@{'0' * 64}",
            not_before=not_before,
            not_after=not_before.replace(year=not_before.year + 3),
        )

    async def sign(self, tbs: bytes, /) -> bytes:
        self.before_sign()
        await asyncio.sleep(0)
        self.signed.append(tbs)
        self.after_sign()
        return b"CERT" + tbs


class FakeAuthorities:
    """The last one issues."""

    def __init__(self, authorities: Sequence[FakeAuthority]) -> None:
        self.authorities = list(authorities)

    def issuing(self, now: datetime, /) -> FakeAuthority:
        del now
        return self.authorities[-1]

    def of(self, issuer: IssuerId, /) -> FakeAuthority:
        found = [each for each in self.authorities if each.issuer == issuer]
        if not found:
            raise NotFound(what="issuer", message="no such generation")
        return found[0]


def key_in(certificate: bytes) -> bytes:
    """The key that a pass or a card certificate speaks of."""
    if certificate.startswith(b"CERTTBS"):
        return certificate[7 + 20 :]
    return certificate


def fake_signature(key: bytes, message: bytes) -> bytes:
    return hashlib.sha256(b"signed by " + key + message).digest()


def fake_request(key: bytes) -> bytes:
    return b"P10:" + key


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeKey:
    public_key: bytes
    key_sha256: bytes


class FakeProofs:
    def verify_challenge(
        self, certificate: bytes, message: bytes, signature: bytes, algorithm: SignatureAlgorithm, /
    ) -> None:
        if signature != fake_signature(key_in(certificate), message) or algorithm is not RSA:
            raise Unauthenticated(message="the signature does not verify")

    def verify_pkcs10(self, request: bytes, /) -> FakeKey:
        if not request.startswith(b"P10:"):
            raise Malformed(what="PKCS#10", message="no request")
        key = request[4:]
        if b"unproven" in key:
            raise KeyRejected(rule="proof of possession", message="not signed with its key")
        return FakeKey(public_key=key, key_sha256=hashlib.sha256(key).digest())


class FakePasses:
    """Knows its passes; what is unknown is not trusted."""

    def __init__(self) -> None:
        self.holders: dict[bytes, PassHolder] = {}
        self.refusals: dict[bytes, ZorgidError] = {}
        self.asked = 0

    async def verify_pass(self, certificate: bytes, at: datetime, /) -> PassHolder:
        self.asked += 1
        if certificate in self.refusals:
            raise self.refusals[certificate]
        return self.holders[certificate]


class FakeSealer:
    def seal(self, person_id: PersonId, birth_date: BirthDate, /) -> bytes:
        text = f"{person_id}{birth_date.value.isoformat()}"
        return hashlib.sha256(text.encode()).digest()

    def holds(self, person_id: PersonId, sealed: bytes, birth_date: BirthDate, /) -> bool:
        return sealed == self.seal(person_id, birth_date)


def person_name(name: str) -> PersonName:
    return PersonName(surname=name, given_names="A.", common_name=f"A. {name}")


class Surroundings:
    """A desk whose neighbours are all fakes, with two registered organisations."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.entropy = FakeEntropy()
        self.store = FakeStore(self.clock)
        self.authority = FakeAuthority(self.entropy)
        self.authorities = FakeAuthorities([self.authority])
        self.passes = FakePasses()
        self.representation = FakeRepresentation(self.passes)
        self.desk = Desk(
            store=self.store,
            reader=self.store,
            authorities=self.authorities,
            passes=self.passes,
            representation=self.representation,
            proofs=FakeProofs(),
            sealer=FakeSealer(),
            clock=self.clock,
            entropy=self.entropy,
            audience=AUDIENCE,
            salt=b"salt",
            limits=Limits(),
            restraint=Restraint(GENEROUS, time.monotonic),
        )
        for ura in (APOTHEEK, HUISARTS):
            self.organisation(ura)
        self.team = self.operator(Role.ZORGID_TEAM, None)

    def restrain(self, limits: RateLimits) -> None:
        """From now on these limits hold, at a clock that stands still."""
        self.desk = replace(self.desk, restraint=Restraint(limits, lambda: 0.0))

    def organisation(
        self, ura: Ura, state: OrganisationState = OrganisationState.REGISTERED
    ) -> Organisation:
        made = Organisation(
            id=OrganisationId.from_random(self.entropy.octets(16)),
            ura=ura,
            name=f"Organisatie {ura}",
            state=state,
        )
        self.store.tables.organisations[made.id] = made
        return made

    def operator(self, role: Role, ura: Ura | None, person: PersonId | None = None) -> Operator:
        made = Operator(
            id=person or PersonId.from_random(self.entropy.octets(16)),
            role=role,
            ura=ura,
            certificate_sha256=hashlib.sha256(client_certificate(role, ura)).digest(),
            seen_at=self.clock.now(),
        )
        self.store.tables.operators[made.certificate_sha256] = made
        return made

    def uzi_pass(self, number: str, ura: Ura = APOTHEEK) -> bytes:
        """A valid pass on name; its certificate."""
        certificate = f"PASS {number} {ura}".encode()
        self.passes.holders[certificate] = PassHolder(
            uzi_name=UziName(
                oid_ca="2.16.528.1.1007.99.218",
                uzi_number=UziNumber(number),
                pass_type=PassType.MEDEWERKER_OP_NAAM,
                ura=ura,
            ),
            name=person_name("Jansen"),
            organisation_name=f"Organisatie {ura}",
            certificate_sha256=hashlib.sha256(certificate).digest(),
            not_after=START + timedelta(days=365),
        )
        return certificate

    async def proof(self, certificate: bytes) -> PassProof:
        challenge = await ask_challenge(self.desk)
        return PassProof(
            challenge_id=challenge.id,
            certificate=certificate,
            signature=answer(challenge, certificate),
            algorithm=RSA,
        )

    async def session(self, certificate: bytes) -> Session:
        return (await open_session(self.desk, await self.proof(certificate))).session


def client_certificate(role: Role, ura: Ura | None) -> bytes:
    return f"CLIENT {role.value} {ura}".encode()


def answer(challenge: Challenge, certificate: bytes, audience: str = AUDIENCE) -> bytes:
    """What the key of this certificate signs for the challenge."""
    message = challenge_message(
        challenge.purpose, audience=audience, challenge_id=challenge.id, nonce=challenge.nonce
    )
    return fake_signature(key_in(certificate), message)
