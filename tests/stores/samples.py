"""Values to put into a store; every number gives others."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pki.domain.cards import Card, CardPhase, Ordered
from pki.domain.identifiers import (
    ISSUED_SERIAL_MIN,
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
    UziNumber,
)
from pki.domain.people import Organisation, OrganisationState, Person, PersonName
from pki.domain.records import (
    Challenge,
    ChallengePurpose,
    Intent,
    IssuedCertificate,
    PassHolder,
    PublishedCrl,
    Session,
)
from pki.domain.uzi import PassType, UziName

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ISSUER = IssuerId("token-ca-g1")
URA = Ura("90000111")
NAME = PersonName(surname="de Vries", given_names="Anna Ö", common_name="Anna de Vries")


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    at: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def octets(number: int, label: str) -> bytes:
    return hashlib.sha256(f"{label} {number}".encode()).digest()


def opaque(number: int) -> str:
    return f"{number:032x}"


def serial(number: int) -> SerialNumber:
    return SerialNumber(ISSUED_SERIAL_MIN + number)


def card(number: int, phase: CardPhase | None = None, person: int | None = None) -> Card:
    return Card(
        id=CardId(opaque(number)),
        person_id=PersonId(opaque(number if person is None else person)),
        ura=URA,
        card_number=CardNumber(f"ZORG-{number:06d}"),
        order_key=IdempotencyKey(f"order-key-{number:08d}"),
        phase=phase or Ordered(at=NOON),
    )


def person(number: int) -> Person:
    return Person(id=PersonId(opaque(number)), uzi_number=UziNumber(f"{number:09d}"), name=NAME)


def organisation(number: int) -> Organisation:
    return Organisation(
        id=OrganisationId(opaque(number)),
        ura=Ura(f"{90000000 + number}"),
        name="Huisartsenpraktijk De Linde, 's-Hertogenbosch",
        state=OrganisationState.REGISTERED,
    )


def intent(number: int, card_number: int | None = None, issuer: IssuerId = ISSUER) -> Intent:
    return Intent(
        serial=serial(number),
        issuer=issuer,
        card_id=CardId(opaque(number if card_number is None else card_number)),
        tbs=octets(number, "tbs") * 20,
        profile="card-rsa@" + octets(number, "profile").hex(),
        key_sha256=octets(number, "key"),
        created_at=NOON,
        lease_until=NOON + timedelta(minutes=2),
        not_after=NOON + timedelta(days=1095),
    )


def certificate(number: int) -> IssuedCertificate:
    return IssuedCertificate(
        serial=serial(number),
        issuer=ISSUER,
        card_id=CardId(opaque(number)),
        der=octets(number, "der") * 30,
        not_before=NOON,
        not_after=NOON + timedelta(days=1095),
        key_sha256=octets(number, "key"),
    )


def crl(number: int, issuer: IssuerId = ISSUER) -> PublishedCrl:
    return PublishedCrl(
        issuer=issuer,
        number=number,
        this_update=NOON,
        next_update=NOON + timedelta(hours=24),
        der=octets(number, "crl") * 10,
        entries=number,
        upto=number,
    )


def challenge(number: int, *, seconds: float = 60, of_card: CardId | None = None) -> Challenge:
    purpose = ChallengePurpose.CONFIRM_CARD if of_card else ChallengePurpose.OPEN_SESSION
    return Challenge(
        id=ChallengeId(opaque(number)),
        purpose=purpose,
        nonce=octets(number, "nonce"),
        expires_at=NOON + timedelta(seconds=seconds),
        card_id=of_card,
    )


def session(number: int, *, seconds: float = 600) -> Session:
    name = UziName(
        oid_ca="2.16.528.1.1007.99.217",
        uzi_number=UziNumber(f"{number:09d}"),
        pass_type=PassType.MEDEWERKER_OP_NAAM,
        ura=URA,
    )
    holder = PassHolder(
        uzi_name=name,
        name=NAME,
        organisation_name="De Linde",
        certificate_sha256=octets(number, "pass"),
        not_after=NOON + timedelta(days=300),
    )
    return Session(
        id=SessionId(opaque(number)),
        token_sha256=octets(number, "token"),
        holder=holder,
        expires_at=NOON + timedelta(seconds=seconds),
    )
