"""What ZORG-ID Mobiel needs of others: the CA of telephones, and the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from issuance.certifying.ports import Authority, Prepared, Statuses
from pki.domain.events import Event
from pki.domain.identifiers import MobielId, PersonId, SerialNumber, Ura
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielIntent,
    MobielInvitation,
)
from pki.domain.people import Actor, Person


class MobielAuthority(Authority, Protocol):
    """One generation of the Mobiel CA."""

    def prepare_mobiel(self, person: Person, public_key: bytes, now: datetime, /) -> Prepared:
        """Choose a serial and build the certificate that would be signed.

        Raises:
            Refused: too little of the CA's own life remains (ISSUING_STOPPED).
            Malformed: the name cannot stand in a certificate.
            LintFailed: the certificate would break a rule.
        """


class MobielAuthorities(Protocol):
    """The generations of the Mobiel CA."""

    def issuing_mobiel(self, now: datetime, /) -> MobielAuthority:
        """The one that certifies telephones now.

        Raises:
            Refused: ISSUING_STOPPED: none does.
        """


class Withdrawing(Protocol):
    """Invitations that end."""

    def invitation(self, mobiel_id: MobielId, /) -> MobielInvitation | None: ...
    def remove_invitation(self, mobiel_id: MobielId, /) -> None: ...
    def record(self, event: Event, actor: Actor, /) -> JournalEntry: ...


class MobielReads(Protocol):
    """Who has a ZORG-ID Mobiel, or is invited to get one."""

    def person(self, person_id: PersonId, /) -> Person | None: ...
    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None: ...
    def mobiel_by_certificate(self, sha256: bytes, /) -> MobielIdentity | None:
        """The one that has this certificate, or had it before it got another."""

    def mobiel_of(self, person_id: PersonId, /) -> MobielIdentity | None:
        """The one that has not ended."""

    def mobiel_at(self, ura: Ura, /) -> Sequence[MobielIdentity]:
        """Those that an organisation manages, ended ones included, the newest first."""

    def invitation_by_code(self, code_sha256: bytes, /) -> MobielInvitation | None: ...
    def invitation(self, mobiel_id: MobielId, /) -> MobielInvitation | None: ...
    def invitation_of(self, person_id: PersonId, /) -> MobielInvitation | None: ...
    def invitations_at(self, ura: Ura, /) -> Sequence[MobielInvitation]: ...
    def mobiel_certificate(self, serial: SerialNumber, /) -> MobielCertificate | None: ...
    def mobiel_certificate_by_code(self, code_sha256: bytes, /) -> MobielCertificate | None:
        """The one that was redeemed with this code."""

    def open_mobiel_intent_of(self, mobiel_id: MobielId, /) -> MobielIntent | None: ...


class MobielWrites(MobielReads, Statuses, Protocol):
    """Identities, invitations and certificates that come and change."""

    def put_mobiel(self, identity: MobielIdentity, /) -> None:
        """Insert or replace.

        Raises:
            Conflict: the person has another one, or a card in use.
        """

    def put_invitation(self, invitation: MobielInvitation, /) -> None: ...
    def remove_invitation(self, mobiel_id: MobielId, /) -> None: ...
    def remove_expired_invitations(self) -> None: ...
    def open_mobiel_intents(self, lease_before: datetime, /) -> Sequence[MobielIntent]: ...
    def put_mobiel_intent(self, intent: MobielIntent, /) -> None:
        """Record the intent, and its key with its identity.

        Raises:
            Conflict: the serial was used before.
            KeyRejected: the key was seen before, elsewhere.
        """

    def put_mobiel_certificate(self, certificate: MobielCertificate, code_sha256: bytes, /) -> None:
        """Complete the intent; raises Conflict when it was completed or closed before."""
