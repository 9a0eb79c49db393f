"""What the registration authority needs from others: the store, the CA, trust, and a sealer.

A session is one transaction: every read in it sees one state, and what it writes is kept as a whole
or not at all. Each use case names the few capabilities that it needs of one.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from issuance.attesting.ports import AttestationWrites
from issuance.certifying.ports import Authority, Prepared, Statuses
from issuance.endings.ports import DueReads
from issuance.linking.ports import LinkReads, LinkWrites
from issuance.operators.ports import Appointments, Mappings, OperatorReads
from issuance.search.ports import Lookups
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.cards import Card
from pki.domain.events import Event
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    PersonId,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, BirthDate, Operator, Organisation, Person
from pki.domain.records import Challenge, Intent, IssuedCertificate, PassHolder, Session
from pki.domain.status import CertificateStatus

T = TypeVar("T")


class Journal(Protocol):
    """The journal, inside a transaction."""

    @property
    def now(self) -> datetime:
        """The transaction's time; never before that of the last entry."""

    def record(self, event: Event, actor: Actor, /) -> JournalEntry:
        """Append an entry."""


class CardReads(Protocol):
    """Cards and the organisations that manage them."""

    def card(self, card_id: CardId, /) -> Card | None: ...
    def links_of(self, card_id: CardId, /) -> tuple[Ura, ...]: ...


class CardWrites(CardReads, Journal, Statuses, Protocol):
    """Changing a card together with the status of its certificate."""

    def put_card(self, card: Card, /) -> None: ...

    def certificate(self, serial: SerialNumber, /) -> IssuedCertificate | None: ...


class Eligibility(Protocol):
    """What decides whether a person may have a card."""

    def person_by_uzi_number(self, uzi_number: UziNumber, /) -> Person | None: ...
    def organisation_by_ura(self, ura: Ura, /) -> Organisation | None: ...
    def live_card_of(self, person_id: PersonId, /) -> Card | None: ...
    def uses_mobiel(self, person_id: PersonId, /) -> bool:
        """ZORG-ID Mobiel is theirs or will be: by itself, or as somebody who manages cards."""


class Challenges(Journal, Protocol):
    """Challenges, single use."""

    def put_challenge(self, challenge: Challenge, /) -> None: ...
    def take_challenge(self, challenge_id: ChallengeId, /) -> Challenge | None:
        """Return the challenge and delete it."""


class Sessions(Eligibility, Journal, Protocol):
    """Opening a session."""

    def put_session(self, session: Session, /) -> None: ...


class Orders(Eligibility, CardWrites, Protocol):
    """Ordering a card."""

    def card_by_order_key(self, key: IdempotencyKey, /) -> Card | None: ...
    def card_by_number(self, number: CardNumber, /) -> Card | None: ...
    def sealed_birth_date(self, person_id: PersonId, /) -> bytes | None: ...
    def put_person(self, person: Person, sealed_birth_date: bytes, /) -> None: ...


class Intents(CardWrites, Protocol):
    """Serials that are about to be signed."""

    def intent(self, serial: SerialNumber, /) -> Intent | None: ...
    def open_intent_of(self, card_id: CardId, /) -> Intent | None: ...
    def open_intents(self, lease_before: datetime, /) -> Iterable[Intent]: ...
    def put_intent(self, intent: Intent, /) -> None:
        """Record the intent, and its key with its card.

        Raises:
            Conflict: the serial was used before.
            KeyRejected: the key was seen before, for another card.
        """


class Certification(Eligibility, Intents, Challenges, AttestationWrites, Protocol):
    """Certifying a card's key."""

    def put_certificate(self, certificate: IssuedCertificate, /) -> None:
        """Complete the intent; raises Conflict when it was completed or closed before."""


class Linking(Eligibility, CardWrites, LinkWrites, Protocol):
    """Linking cards to organisations."""


class Confirmation(Linking, Challenges, Protocol):
    """Making a card active."""


class Lapsing(Intents, Appointments, Protocol):
    """Ending what was not finished in time."""

    def remove_expired_sessions(self) -> None: ...
    def cards_ordered_before(self, at: datetime, /) -> Iterable[Card]: ...
    def cards_issued_before(self, at: datetime, /) -> Iterable[Card]: ...


class Registration(Eligibility, Journal, Mappings, Protocol):
    """Registering organisations and operators."""

    def put_organisation(self, organisation: Organisation, /) -> None: ...
    def put_person(self, person: Person, sealed_birth_date: bytes, /) -> None: ...


class Enquiry(Eligibility, CardReads, Lookups, LinkReads, DueReads, OperatorReads, Protocol):
    """A read-only snapshot."""

    def session_by_token(self, token_sha256: bytes, /) -> Session | None: ...
    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def cards_of_person(self, uzi_number: UziNumber, /) -> Sequence[Card]: ...
    def certificate(self, serial: SerialNumber, /) -> IssuedCertificate | None: ...
    def status(self, issuer: IssuerId, serial: SerialNumber, /) -> CertificateStatus | None: ...


class WholeSession(Certification, Confirmation, Lapsing, Orders, Registration, Sessions, Protocol):
    """A transaction with every capability above; the store hands this to each use case."""


class Store(Protocol):
    """Transactions, one after the other, durable before they are answered."""

    async def write(self, work: Callable[[WholeSession], T], /) -> T:
        """Run ``work`` in a transaction of its own; its exception undoes it and comes out.

        Raises:
            StoreUnavailable: nothing was changed; or all, when COMMIT had no answer.
        """


class Reader(Protocol):
    """Read-only snapshots."""

    async def read(self, query: Callable[[Enquiry], T], /) -> T:
        """Run ``query`` on one snapshot.

        Raises:
            StoreUnavailable: the store cannot be read.
        """


class CertificationAuthority(Authority, Protocol):
    """The Token CA: prepares and signs; keeps nothing."""

    def prepare_card(self, holder: PassHolder, public_key: bytes, now: datetime, /) -> Prepared:
        """Choose a serial and build the certificate that would be signed.

        Raises:
            Refused: too little of the CA's own life remains (ISSUING_STOPPED).
            LintFailed: the certificate would break a rule.
        """

    def prepare_responder(self, public_key: bytes, now: datetime, /) -> Prepared:
        """Build the certificate of an OCSP responder.

        Raises:
            KeyRejected, Refused, LintFailed: as for cards.
        """


class PassVerifier(Protocol):
    """Judges UZI passes."""

    async def verify_pass(self, certificate: bytes, at: datetime, /) -> PassHolder:
        """Chain, purpose, name, pass type, dates and revocation of an authenticity certificate.

        Raises:
            Refused: with the reason `PASS_…`.
            PassStatusUnavailable: it cannot be known whether the pass was revoked.
        """


class VerifiedKey(Protocol):
    """A public key whose private half signed the request for it."""

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""

    @property
    def key_sha256(self) -> bytes:
        """SHA-256 of `public_key`."""


class Proofs(Protocol):
    """Checks signatures that prove possession of a key."""

    def verify_challenge(
        self, certificate: bytes, message: bytes, signature: bytes, algorithm: SignatureAlgorithm, /
    ) -> None:
        """Check the signature with the certificate's public key.

        Raises:
            Unauthenticated: it does not verify, or the algorithm does not fit the key.
            Malformed: the certificate cannot be read.
        """

    def verify_pkcs10(self, request: bytes, /) -> VerifiedKey:
        """Check a PKCS#10 request's own signature (RFC 2986).

        Raises:
            Malformed: it cannot be read.
            KeyRejected: the signature does not verify, or the key is of an unknown type.
        """


class Sealer(Protocol):
    """Encrypts a birth date for storage."""

    def seal(self, person_id: PersonId, birth_date: BirthDate, /) -> bytes:
        """The sealed form, bound to the person."""

    def holds(self, person_id: PersonId, sealed: bytes, birth_date: BirthDate, /) -> bool: ...
