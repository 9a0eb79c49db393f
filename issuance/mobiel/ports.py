"""What ZORG-ID Mobiel needs of others: who vouches for a certificate, and the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pki.domain.identifiers import MobielId, PersonId, Ura
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation


class MobielTrust(Protocol):
    """Judges certificates of ZORG-ID Mobiel."""

    def verify_mobiel(self, certificate: bytes, at: datetime, /) -> None:
        """Make sure that a CA of ZORG-ID Mobiel issued this certificate (DER) to a person.

        Raises:
            Refused: MOBIEL_NOT_TRUSTED.
        """


class MobielReads(Protocol):
    """Who has a ZORG-ID Mobiel, or is invited to register one."""

    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None: ...
    def mobiel_by_certificate(self, sha256: bytes, /) -> MobielIdentity | None: ...
    def mobiel_of(self, person_id: PersonId, /) -> MobielIdentity | None:
        """The one that has not ended."""

    def mobiel_at(self, ura: Ura, /) -> Sequence[MobielIdentity]:
        """Those that an organisation manages, ended ones included, the newest first."""

    def invitation(self, mobiel_id: MobielId, /) -> MobielInvitation | None: ...
    def invitation_by_code(self, code_sha256: bytes, /) -> MobielInvitation | None: ...
    def invitation_of(self, person_id: PersonId, /) -> MobielInvitation | None: ...
    def invitations_at(self, ura: Ura, /) -> Sequence[MobielInvitation]: ...


class MobielWrites(MobielReads, Protocol):
    """Identities and invitations that come and change."""

    def put_mobiel(self, identity: MobielIdentity, /) -> None:
        """Insert or replace.

        Raises:
            Conflict: the person has another one, or a card in use.
        """

    def put_invitation(self, invitation: MobielInvitation, /) -> None: ...
    def remove_invitation(self, mobiel_id: MobielId, /) -> None: ...
    def remove_expired_invitations(self) -> None: ...
