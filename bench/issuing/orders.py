"""Cards that are ordered and wait for their certificate, each with a session and a request."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pki.domain.cards import Card, Ordered
from pki.domain.events import CardOrdered
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    IdempotencyKey,
    PersonId,
    SessionId,
    Ura,
    UziNumber,
)
from pki.domain.people import SYSTEM, Person, PersonName
from pki.domain.records import PassHolder, Session
from pki.domain.uzi import PassType, UziName
from pki.ports import SystemClock, SystemEntropy
from pki.store.writing import Store, WriteSession

ENTROPY = SystemEntropy()
URA = Ura("90000382")
OID_CA = "2.16.528.1.1007.99.218"
NAME = PersonName(surname="Bench", given_names="Anne", common_name="Anne Bench")
EACH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One order: its card, the token of its holder, and the body that asks for a certificate."""

    card: Card
    token: str
    session: Session
    pkcs10: bytes
    body: bytes


def ordered(store: Store, first: int, count: int) -> list[Waiting]:
    """Put orders into the store, as ordering leaves them; ``first`` is a number not used yet."""
    made = [_waiting(number) for number in range(first, first + count)]
    for start in range(0, count, EACH):
        some = made[start : start + EACH]
        store.write_sync(lambda session, some=some: _put(session, some))  # type: ignore[misc] # inferred
    return made


def _put(session: WriteSession, orders: Sequence[Waiting]) -> None:
    for each in orders:
        number = each.session.holder.uzi_name.uzi_number
        person = Person(id=each.card.person_id, uzi_number=number, name=NAME)
        session.put_person(person, bytes(64))
        session.put_card(each.card)
        session.put_session(each.session)
        session.record(CardOrdered(card=each.card.id, person=person.id, ura=URA), SYSTEM)


def _waiting(number: int) -> Waiting:
    now = SystemClock().now()
    token = ENTROPY.octets(16).hex()
    holder = PassHolder(
        uzi_name=UziName(
            oid_ca=OID_CA,
            uzi_number=UziNumber(f"{900_100_000 + number}"),
            pass_type=PassType.MEDEWERKER_OP_NAAM,
            ura=URA,
        ),
        name=NAME,
        organisation_name="Zorginstelling Bench",
        certificate_sha256=ENTROPY.octets(32),
        not_after=now + timedelta(days=900),
    )
    card = Card(
        id=CardId.from_random(ENTROPY.octets(16)),
        person_id=PersonId.from_random(ENTROPY.octets(16)),
        ura=URA,
        card_number=CardNumber(f"BENCH-{number}"),
        order_key=IdempotencyKey(ENTROPY.octets(16).hex()),
        phase=Ordered(at=now),
    )
    session = Session(
        id=SessionId.from_random(ENTROPY.octets(16)),
        token_sha256=hashlib.sha256(token.encode()).digest(),
        holder=holder,
        expires_at=now + timedelta(minutes=20),
    )
    pem, der = _request()
    body = json.dumps({"pkcs10": pem}).encode()
    return Waiting(card=card, token=token, session=session, pkcs10=der, body=body)


def _request() -> tuple[str, bytes]:
    """A request by a key of its own: no key is certified twice."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    pem = request.public_bytes(Encoding.PEM).decode()
    return pem, request.public_bytes(Encoding.DER)
