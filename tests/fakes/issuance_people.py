"""The part of the store in memory that knows people besides their cards."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pki.domain.attributes.records import Attribute
from pki.domain.errors import Conflict, KeyRejected
from pki.domain.identifiers import AttributeId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielIntent,
    MobielInvitation,
    MobielState,
    SubscriberCertificate,
)
from pki.domain.people import Person
from pki.domain.status import Revoked, Unconfirmed

if TYPE_CHECKING:
    from fakes.issuance_store import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephone:
    """The intent of a serial, and what became of it."""

    intent: MobielIntent
    certificate: MobielCertificate | None = None
    code_sha256: bytes = b""


class FakePeople:
    """Attributes and ZORG-ID Mobiel, on the tables of one transaction."""

    tables: "Tables"
    now: datetime

    def attribute(self, attribute_id: AttributeId, /) -> Attribute | None:
        return self.tables.attributes.get(attribute_id)

    def attributes_at(self, ura: Ura, /) -> tuple[Attribute, ...]:
        found = [each for each in self.tables.attributes.values() if each.ura == ura]
        return tuple(sorted(found, key=lambda each: (each.type, each.task_code, each.id)))

    def attributes_of(self, person_id: PersonId, ura: Ura, /) -> tuple[Attribute, ...]:
        return tuple(each for each in self.attributes_at(ura) if each.person_id == person_id)

    def put_attribute(self, attribute: Attribute, /) -> None:
        theirs = self.attributes_of(attribute.person_id, attribute.ura)
        if any((a.type, a.task_code) == (attribute.type, attribute.task_code) for a in theirs):
            raise Conflict(message="the person has this attribute already")
        self.tables.attributes[attribute.id] = attribute

    def remove_attribute(self, attribute_id: AttributeId, /) -> None:
        del self.tables.attributes[attribute_id]

    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None:
        return self.tables.mobiel.get(mobiel_id)

    def mobiel_by_certificate(self, sha256: bytes, /) -> MobielIdentity | None:
        had = {
            each.intent.mobiel_id
            for each in self.tables.telephones.values()
            if each.certificate and hashlib.sha256(each.certificate.der).digest() == sha256
        }
        kept = self.tables.mobiel.values()
        return next((i for i in kept if i.certificate_sha256 == sha256 or i.id in had), None)

    def mobiel_of(self, person_id: PersonId, /) -> MobielIdentity | None:
        live = [each for each in self.tables.mobiel.values() if each.state is not MobielState.ENDED]
        return next((each for each in live if each.person_id == person_id), None)

    def mobiel_at(self, ura: Ura, /) -> tuple[MobielIdentity, ...]:
        return tuple(each for each in self.tables.mobiel.values() if each.ura == ura)

    def put_mobiel(self, identity: MobielIdentity, /) -> None:
        new = identity.id not in self.tables.mobiel
        cards = self.tables.cards.values()
        carded = any(c.person_id == identity.person_id and c.is_live for c in cards)
        if new and (carded or self.mobiel_of(identity.person_id) is not None):
            raise Conflict(message="a person has a card or ZORG-ID Mobiel")
        self.tables.mobiel[identity.id] = identity

    def person(self, person_id: PersonId, /) -> Person | None:
        return self.tables.persons.get(person_id)

    def mobiel_certificate(self, serial: SerialNumber, /) -> MobielCertificate | None:
        telephone = self.tables.telephones.get(serial)
        return None if telephone is None else telephone.certificate

    def mobiel_certificate_by_code(self, code_sha256: bytes, /) -> MobielCertificate | None:
        kept = self.tables.telephones.values()
        return next((each.certificate for each in kept if each.code_sha256 == code_sha256), None)

    def subscriber_certificate(self, serial: SerialNumber, /) -> SubscriberCertificate | None:
        return self.tables.certificates.get(serial) or self.mobiel_certificate(serial)

    def open_mobiel_intent_of(self, mobiel_id: MobielId, /) -> MobielIntent | None:
        found = self.open_mobiel_intents(datetime.max.replace(tzinfo=UTC))
        return next((each for each in found if each.mobiel_id == mobiel_id), None)

    def open_mobiel_intents(self, lease_before: datetime, /) -> list[MobielIntent]:
        kept = [t.intent for t in self.tables.telephones.values() if self._is_unsettled(t)]
        return [each for each in kept if each.lease_until < lease_before]

    def _is_unsettled(self, telephone: Telephone) -> bool:
        closed = isinstance(self.tables.statuses[telephone.intent.serial], Revoked)
        return telephone.certificate is None and not closed

    def put_mobiel_intent(self, intent: MobielIntent, /) -> None:
        if intent.serial in self.tables.telephones or intent.serial in self.tables.intents:
            raise Conflict(message="this serial number was used before")
        for other in self.tables.telephones.values():
            given_up = other.certificate is None and not self._is_unsettled(other)
            same = other.intent.mobiel_id == intent.mobiel_id
            if other.intent.key_sha256 == intent.key_sha256 and not (given_up and same):
                raise KeyRejected(rule="key seen before", message="seen before")
        self.tables.telephones[intent.serial] = Telephone(intent=intent)
        self.tables.statuses[intent.serial] = Unconfirmed(since=intent.created_at)

    def put_mobiel_certificate(self, certificate: MobielCertificate, code_sha256: bytes, /) -> None:
        telephone = self.tables.telephones[certificate.serial]
        if not self._is_unsettled(telephone):
            raise Conflict(message="completed or closed before")
        self.tables.telephones[certificate.serial] = replace(
            telephone, certificate=certificate, code_sha256=code_sha256
        )

    def invitation(self, mobiel_id: MobielId, /) -> MobielInvitation | None:
        return self.tables.invitations.get(mobiel_id)

    def invitation_by_code(self, code_sha256: bytes, /) -> MobielInvitation | None:
        kept = self.tables.invitations.values()
        return next((each for each in kept if each.code_sha256 == code_sha256), None)

    def invitation_of(self, person_id: PersonId, /) -> MobielInvitation | None:
        kept = self.tables.invitations.values()
        return next((each for each in kept if each.person_id == person_id), None)

    def invitations_at(self, ura: Ura, /) -> tuple[MobielInvitation, ...]:
        return tuple(each for each in self.tables.invitations.values() if each.ura == ura)

    def put_invitation(self, invitation: MobielInvitation, /) -> None:
        if self.invitation_of(invitation.person_id) is not None:
            raise Conflict(message="this person is invited already")
        self.tables.invitations[invitation.id] = invitation

    def remove_invitation(self, mobiel_id: MobielId, /) -> None:
        self.tables.invitations.pop(mobiel_id, None)

    def remove_expired_invitations(self) -> None:
        kept = {k: i for k, i in self.tables.invitations.items() if i.expires_at >= self.now}
        self.tables.invitations = kept
