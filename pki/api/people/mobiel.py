"""Bodies about ZORG-ID Mobiel."""

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import (
    CertificatePem,
    MobielIdText,
    Moment,
    PersonIdText,
    RequestPem,
    SerialText,
    UraText,
)
from pki.api.registration import CODE_PATTERN
from pki.api.wire import ChangeView, OperatorPerson
from pki.domain.mobiel.records import MobielState
from pki.domain.reasons import BlockReason, RevokeReason


class InviteRequest(Wire):
    """POST /v1/mobiel/invitations.

    ``ura`` names another organisation than the operator's own: the ZORG-ID team must, and nobody
    else may.
    """

    person: OperatorPerson
    ura: UraText | None = None


class InvitationView(Wire):
    """An invitation that may still be used."""

    mobiel_id: MobielIdText
    person_id: PersonIdText
    ura: UraText
    expires_at: Moment


class InvitedView(Wire):
    """An invitation. ``code`` is shown once; ``qr`` is the text of the QR code that holds it."""

    invitation: InvitationView
    code: str = Field(repr=False, pattern=CODE_PATTERN)
    qr: str = Field(repr=False)


class InviteAgainRequest(Wire):
    """POST /v1/mobiel/{mobiel_id}/invitations: nothing more to say."""


class RedeemMobielRequest(Wire):
    """POST /v1/mobiel/redeem: the code of an invitation, and the request of the telephone's key."""

    code: str = Field(repr=False, pattern=CODE_PATTERN)
    pkcs10: RequestPem


class MobielView(Wire):
    """A ZORG-ID Mobiel. ``serial``: of the certificate in the telephone now.

    ``inactive``: that was not used here for four weeks.
    """

    mobiel_id: MobielIdText
    person_id: PersonIdText
    ura: UraText
    serial: SerialText
    state: MobielState
    since: Moment
    registered_at: Moment
    seen_at: Moment | None
    inactive: bool


class RedeemedMobielView(Wire):
    """A ZORG-ID Mobiel with its certificate; ``chain`` ends with the root's."""

    mobiel: MobielView
    certificate: CertificatePem
    chain: list[CertificatePem]


class MobielListView(Wire):
    """GET /v1/mobiel: what one organisation manages."""

    mobiel: list[MobielView]
    invitations: list[InvitationView]


class BlockMobielRequest(Wire):
    """POST /v1/mobiel/{mobiel_id}/block."""

    reason: BlockReason


class ChangeMobielRequest(Wire):
    """POST /v1/mobiel/{mobiel_id}/unblock: nothing more to say."""


class EndMobielRequest(Wire):
    """POST /v1/mobiel/{mobiel_id}/end; ``compromised_since`` as of a card."""

    reason: RevokeReason
    compromised_since: Moment | None = None


class MobielChangedView(Wire):
    """A ZORG-ID Mobiel after a change."""

    mobiel: MobielView
    change: ChangeView
