"""Writing what is known of people besides their cards."""

from typing import Final

import sqlalchemy as sa

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, MobielId
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation
from pki.store.columns import record_columns
from pki.store.people.tables import attributes, invitations, mobiel
from pki.store.short_lived.writing import ShortLivedWrites

_CHANGING: Final = (
    "ura",
    "issuer",
    "serial",
    "certificate_sha256",
    "state",
    "state_at",
    "seen_at",
)
"""Of an identity; who it is of and since when never changes."""


class PeopleWrites(ShortLivedWrites):
    """The part of a change that is about people's attributes and ZORG-ID Mobiel."""

    def put_attribute(self, attribute: Attribute) -> None:
        """Insert an attribute.

        Raises:
            Conflict: the person has it already.
        """
        self._write(sa.insert(attributes), record_columns(attribute))

    def remove_attribute(self, attribute_id: AttributeId) -> None:
        """Let nobody have it any more."""
        self._write(sa.delete(attributes).where(attributes.c.id == attribute_id))

    def put_mobiel(self, identity: MobielIdentity) -> None:
        """Insert an identity, or bring organisation, certificate and state up to date.

        Raises:
            Conflict: the person has another one or a card in use; the certificate is another's.
        """
        changing = {name: getattr(identity, name) for name in _CHANGING}
        if self._write(sa.update(mobiel).where(mobiel.c.id == identity.id), changing).rowcount:
            return
        self._write(sa.insert(mobiel), record_columns(identity))

    def put_invitation(self, invitation: MobielInvitation) -> None:
        """Insert an invitation.

        Raises:
            Conflict: there is one of this person.
        """
        self._write(sa.insert(invitations), record_columns(invitation))

    def remove_invitation(self, mobiel_id: MobielId) -> None:
        """Let its code be good for nothing."""
        self._write(sa.delete(invitations).where(invitations.c.id == mobiel_id))

    def remove_expired_invitations(self) -> None:
        """Delete those that expired before `now`."""
        self._write(sa.delete(invitations).where(invitations.c.expires_at < self.now))
