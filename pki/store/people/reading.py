"""Reading what is known of people besides their cards."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielIntent,
    MobielInvitation,
    SubscriberCertificate,
)
from pki.store import schema
from pki.store.columns import read_record
from pki.store.links.reading import LinkReads
from pki.store.people.tables import LIVE_MOBIEL, attributes, invitations, mobiel, telephones

_CERTIFICATES: Final = schema.certificates
_OF_MOBIEL: Final = _CERTIFICATES.c.mobiel_id.is_not(None)
_CERTIFICATE: Final = sa.select(
    *(_CERTIFICATES.c[name] for name in MobielCertificate.__dataclass_fields__)
).where(_OF_MOBIEL, _CERTIFICATES.c.der.is_not(None))
_OPEN_INTENT: Final = (
    sa.select(*(_CERTIFICATES.c[name] for name in MobielIntent.__dataclass_fields__))
    .where(_OF_MOBIEL, _CERTIFICATES.c.der.is_(None), _CERTIFICATES.c.status == "unconfirmed")
    .order_by(_CERTIFICATES.c.lease_until)
)


class PeopleReads(LinkReads):
    """Adds attributes and ZORG-ID Mobiel."""

    def attribute(self, attribute_id: AttributeId) -> Attribute | None:
        """One attribute, while somebody has it."""
        found = self._attributes(attributes.c.id == attribute_id)
        return found[0] if found else None

    def attributes_of(self, person_id: PersonId, ura: Ura) -> tuple[Attribute, ...]:
        """A person's at an organisation, by type and code."""
        return self._attributes(attributes.c.person_id == person_id, attributes.c.ura == ura)

    def attributes_at(self, ura: Ura) -> tuple[Attribute, ...]:
        """Everybody's at an organisation."""
        return self._attributes(attributes.c.ura == ura)

    def mobiel(self, mobiel_id: MobielId) -> MobielIdentity | None:
        """One ZORG-ID Mobiel, ended or not."""
        return self._mobiel(mobiel.c.id == mobiel_id)

    def mobiel_by_certificate(self, sha256: bytes) -> MobielIdentity | None:
        """The one that has this certificate, or had it, ended or not."""
        its = sa.select(telephones.c.mobiel_id).where(telephones.c.certificate_sha256 == sha256)
        now, before = mobiel.c.certificate_sha256 == sha256, mobiel.c.id.in_(its)
        return self._mobiel(sa.or_(now, before))

    def mobiel_by_serial(self, serial: SerialNumber) -> MobielIdentity | None:
        """The one whose certificate this is now."""
        return self._mobiel(mobiel.c.serial == serial)

    def mobiel_certificate(self, serial: SerialNumber) -> MobielCertificate | None:
        """A certificate of a telephone that was signed; None while there is only an intent."""
        return self._telephone(_CERTIFICATES.c.serial == serial)

    def subscriber_certificate(self, serial: SerialNumber) -> SubscriberCertificate | None:
        """A certificate that was signed, of a card or of a telephone."""
        return self.certificate(serial) or self.mobiel_certificate(serial)

    def mobiel_certificate_by_code(self, code_sha256: bytes) -> MobielCertificate | None:
        """The one that was redeemed with this code."""
        its = sa.select(telephones.c.serial).where(telephones.c.code_sha256 == code_sha256)
        return self._telephone(_CERTIFICATES.c.serial == its.scalar_subquery())

    def open_mobiel_intents(self, lease_before: datetime) -> tuple[MobielIntent, ...]:
        """Intents without a certificate, not closed, whose lease ended before ``lease_before``."""
        return self._intents(_CERTIFICATES.c.lease_until < lease_before)

    def open_mobiel_intent_of(self, mobiel_id: MobielId) -> MobielIntent | None:
        """The one of this identity."""
        found = self._intents(_CERTIFICATES.c.mobiel_id == mobiel_id)
        return found[0] if found else None

    def mobiel_key_given_up(self, key_sha256: bytes, mobiel_id: MobielId) -> bool:
        """Whether every intent with this key is of this identity and was closed."""
        c = _CERTIFICATES.c
        its = c.mobiel_id.is_not_distinct_from(mobiel_id)
        closed = its & c.der.is_(None) & (c.status == "revoked")
        query = sa.select(c.serial).where(c.key_sha256 == key_sha256, ~closed)
        return self._row(query.limit(1)) is None

    def mobiel_of(self, person_id: PersonId) -> MobielIdentity | None:
        """The person's one that has not ended."""
        return self._mobiel(mobiel.c.person_id == person_id, LIVE_MOBIEL)

    def mobiel_at(self, ura: Ura) -> tuple[MobielIdentity, ...]:
        """Those that an organisation manages, ended ones included, the newest first."""
        query = sa.select(mobiel).where(mobiel.c.ura == ura)
        order = (mobiel.c.registered_at.desc(), mobiel.c.id)
        return tuple(read_record(MobielIdentity, row) for row in self._rows(query.order_by(*order)))

    def invitation(self, mobiel_id: MobielId) -> MobielInvitation | None:
        """An invitation that was not used yet, expired or not."""
        return self._invitation(invitations.c.id == mobiel_id)

    def invitation_by_code(self, code_sha256: bytes) -> MobielInvitation | None:
        """The same, by the digest of its code."""
        return self._invitation(invitations.c.code_sha256 == code_sha256)

    def invitation_of(self, person_id: PersonId) -> MobielInvitation | None:
        """The same, of a person."""
        return self._invitation(invitations.c.person_id == person_id)

    def invitations_at(self, ura: Ura) -> tuple[MobielInvitation, ...]:
        """Those of an organisation, the first to expire first."""
        c = invitations.c
        query = sa.select(invitations).where(c.ura == ura).order_by(c.expires_at, c.id)
        return tuple(read_record(MobielInvitation, row) for row in self._rows(query))

    def _mobiel(self, *which: sa.ColumnElement[bool] | sa.TextClause) -> MobielIdentity | None:
        row = self._row(sa.select(mobiel).where(*which))
        return None if row is None else read_record(MobielIdentity, row)

    def _telephone(self, which: sa.ColumnElement[bool]) -> MobielCertificate | None:
        row = self._row(_CERTIFICATE.where(which))
        return None if row is None else read_record(MobielCertificate, row)

    def _intents(self, which: sa.ColumnElement[bool]) -> tuple[MobielIntent, ...]:
        rows = self._rows(_OPEN_INTENT.where(which))
        return tuple(read_record(MobielIntent, row) for row in rows)

    def _invitation(self, which: sa.ColumnElement[bool]) -> MobielInvitation | None:
        row = self._row(sa.select(invitations).where(which))
        return None if row is None else read_record(MobielInvitation, row)

    def _attributes(self, *which: sa.ColumnElement[bool]) -> tuple[Attribute, ...]:
        c = attributes.c
        query = sa.select(attributes).where(*which).order_by(c.type, c.task_code, c.id)
        return tuple(read_record(Attribute, row) for row in self._rows(query))
