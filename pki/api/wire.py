"""Bodies of requests and answers. Unknown members and values of a wrong JSON type are refused."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pki.api.base import Wire
from pki.api.fields import (
    BirthDateText,
    CardIdText,
    CardNumberText,
    CertificatePem,
    ChallengeIdText,
    IssuerIdText,
    MobielIdText,
    Moment,
    Octets,
    OrganisationIdText,
    PersonIdText,
    RequestPem,
    SerialText,
    UraText,
    UziNumberText,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.evidence.attestation import MOST_CERTIFICATES, AttestationPolicy
from pki.domain.people import OrganisationKind, OrganisationState, PersonName, Role
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.records import ChallengePurpose
from pki.domain.registration.records import KnownPerson

NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""No control characters: PostgreSQL stores no NUL, and no name needs the others."""

StatusName = Literal["good", "unconfirmed", "on-hold", "revoked"]


def _not_to_confirm(purpose: ChallengePurpose) -> ChallengePurpose:
    if purpose is ChallengePurpose.CONFIRM_CARD:
        raise ValueError("a challenge to confirm a card comes with its certificate")
    return purpose


class ChallengeRequest(Wire):
    """POST /v1/challenges. A challenge to confirm a card comes with its certificate instead."""

    purpose: Annotated[ChallengePurpose, AfterValidator(_not_to_confirm)]


class ChallengeView(Wire):
    """A challenge to be signed as `pki.api.challenge.challenge_message` says; single use."""

    challenge_id: ChallengeIdText
    purpose: ChallengePurpose
    nonce: Octets
    expires_at: Moment


class SessionRequest(Wire):
    """POST /v1/sessions: the pass's authenticity certificate and its signature of the challenge."""

    challenge_id: ChallengeIdText
    certificate: CertificatePem
    signature: Octets
    algorithm: SignatureAlgorithm


class HolderView(Wire):
    """What the pass says of its holder."""

    uzi_number: UziNumberText
    ura: UraText
    organisation: str
    surname: str
    given_names: str
    common_name: str


class SessionView(Wire):
    """An open session. ``token`` goes into ``Authorization: Bearer``; it is shown once.

    ``attestation``: whether a proof that the card's key was made on it is left alone, kept where
    one is sent, or needed.
    """

    token: str = Field(repr=False, min_length=43, max_length=43)
    expires_at: Moment
    holder: HolderView
    eligible: Literal[True]
    attestation: AttestationPolicy = "ignore"


class OrderRequest(Wire):
    """POST /v1/cards, with an Idempotency-Key that the writer chose for this card.

    ``certificate`` is the one that opened the session: it is verified again and not kept.
    """

    birth_date: BirthDateText
    card_number: CardNumberText
    certificate: CertificatePem


class CardView(Wire):
    """A card. ``state`` is its Dutch name, ``since`` when it got there.

    ``version`` changes whenever the card does: as entity tag it goes into If-Match.
    """

    card_id: CardIdText
    state: str
    since: Moment
    ura: UraText
    card_number: CardNumberText
    serial: SerialText | None
    block_reason: BlockReason | None
    revoke_reason: RevokeReason | None
    revoked_at: Moment | None
    version: str


class CertificateRequest(Wire):
    """POST /v1/cards/{card_id}/certificate: PKCS#10 (RFC 2986), signed by the card's new key.

    ``attestation``: its maker's proof that the key was made on the card, where it gives one: X.509
    certificates (DER), that of the key first.
    """

    pkcs10: RequestPem
    attestation: Annotated[list[Octets], Field(max_length=MOST_CERTIFICATES)] = Field(
        default_factory=list
    )


class CertifiedView(Wire):
    """The certificate, on hold; its chain, the root included; and what the card must sign."""

    card: CardView
    certificate: CertificatePem
    chain: list[CertificatePem]
    challenge: ChallengeView


class ConfirmationRequest(Wire):
    """POST /v1/cards/{card_id}/confirmation: the new key's signature of its challenge."""

    challenge_id: ChallengeIdText
    signature: Octets
    algorithm: SignatureAlgorithm


class ConfirmedView(Wire):
    """The card, now `actief`."""

    card: CardView


class BlockRequest(Wire):
    """POST /v1/cards/{card_id}/block."""

    reason: BlockReason


class UnblockRequest(Wire):
    """POST /v1/cards/{card_id}/unblock."""


class RevokeRequest(Wire):
    """POST /v1/cards/{card_id}/revoke.

    ``compromised_since``: from when on the key must be mistrusted, if that is known; from the
    certificate's notBefore to the start of the block, for loss, theft or compromise alone.
    """

    reason: RevokeReason
    compromised_since: Moment | None = None


class ChangeView(Wire):
    """Journal position and time of a change: what followers can be measured against."""

    position: int
    at: Moment


class CardChangedView(Wire):
    """A card after an operator changed it."""

    card: CardView
    change: ChangeView


class OrganisationRequest(Wire):
    """POST /v1/organisations."""

    ura: UraText
    name: str = Field(min_length=1, max_length=200, pattern=NAME_PATTERN)


class OrganisationView(Wire):
    """An organisation; unless it is `voorbereid` its passes may be used to make cards.

    ``version`` changes whenever the organisation does: as entity tag it goes into If-Match.
    """

    organisation_id: OrganisationIdText
    ura: UraText
    name: str
    state: OrganisationState
    kind: OrganisationKind
    version: str


class OperatorPerson(Wire):
    """An operator who has a UZI number: who manages cards can have no card of their own."""

    uzi_number: UziNumberText
    surname: str = Field(min_length=1, max_length=200, pattern=NAME_PATTERN)
    given_names: str = Field(max_length=200, pattern=NAME_PATTERN)
    common_name: str = Field(min_length=1, max_length=200, pattern=NAME_PATTERN)

    @property
    def known(self) -> KnownPerson:
        """The same as a value of the domain."""
        name = PersonName(
            surname=self.surname, given_names=self.given_names, common_name=self.common_name
        )
        return KnownPerson(uzi_number=self.uzi_number, name=name)


class OperatorRequest(Wire):
    """POST /v1/operators: map a client certificate to a role.

    ``ura`` is None for the ZORG-ID team alone. ``supplier``: the leverancier they work for.
    """

    role: Role
    ura: UraText | None
    certificate: CertificatePem
    person: OperatorPerson | None = None
    supplier: str | None = Field(default=None, min_length=1, max_length=200, pattern=NAME_PATTERN)


class OperatorView(Wire):
    """A registered operator."""

    operator_id: PersonIdText
    role: Role
    ura: UraText | None


class OperatorRemovedView(Wire):
    """Who is no operator any more; ``certificates`` counts what was mapped to them."""

    operator_id: PersonIdText
    certificates: int
    change: ChangeView


class ResponderRequest(Wire):
    """POST /v1/responder-certificates: a status node's PKCS#10, and the CA it answers for."""

    issuer: IssuerIdText
    pkcs10: RequestPem


class ResponderView(Wire):
    """The OCSP responder certificate, short-lived."""

    certificate: CertificatePem


class CertificateView(Wire):
    """GET /v1/certificates/{serial}: it is on a card, or in the telephone of a ZORG-ID Mobiel.

    ``change`` is the one that made the status what it is.
    """

    serial: SerialText
    issuer: IssuerIdText
    card_id: CardIdText | None
    mobiel_id: MobielIdText | None
    not_before: Moment
    not_after: Moment
    certificate: CertificatePem
    status: StatusName
    status_since: Moment | None
    change: ChangeView
