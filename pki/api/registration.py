"""Bodies about registering organisations, and appointing those who manage cards for them."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from pki.api.base import Wire
from pki.api.fields import (
    AppointmentIdText,
    CertificatePem,
    ChallengeIdText,
    Moment,
    Octets,
    PersonIdText,
    UraText,
)
from pki.api.wire import (
    NAME_PATTERN,
    ChangeView,
    OperatorPerson,
    OperatorView,
    OrganisationView,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.people import OrganisationKind, Role
from pki.domain.reasons import BlockReason

CODE_PATTERN: Final = r"^[A-Za-z2-7]{26}$"
"""Base32 (RFC 4648 6) of 16 octets, without padding; either case."""

SupplierName = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME_PATTERN)]


def _of_one_organisation(role: Role) -> Role:
    if role not in {Role.ADMINISTRATOR, Role.BEHEERDER}:
        raise ValueError("an administrator or a beheerder is appointed")
    return role


AppointedRole = Annotated[Role, AfterValidator(_of_one_organisation)]


class PreparationRequest(Wire):
    """POST /v1/registrations: an organisation whose representative is to finish it."""

    ura: UraText
    name: str = Field(min_length=1, max_length=200, pattern=NAME_PATTERN)
    kind: OrganisationKind


class FinishByPassRequest(Wire):
    """POST /v1/registrations/pass: a pass's certificate, and its signature of the challenge."""

    challenge_id: ChallengeIdText
    certificate: CertificatePem
    signature: Octets
    algorithm: SignatureAlgorithm


class FinishByDocumentRequest(Wire):
    """POST /v1/registrations/document: signed XML, as docs/eligibility.md says."""

    document: Octets


class AppointmentMadeView(Wire):
    """An appointment without its code."""

    appointment_id: AppointmentIdText
    operator_id: PersonIdText
    role: Role
    ura: UraText
    expires_at: Moment


class AppointedView(AppointmentMadeView):
    """An appointment. ``code`` is shown once; ``qr`` is the text of the QR code that holds it."""

    code: str = Field(repr=False, pattern=CODE_PATTERN)
    qr: str = Field(repr=False)


class FinishedByPassView(Wire):
    """The organisation, registered, and the appointment of its first administrator."""

    organisation: OrganisationView
    appointment: AppointedView


class FinishedByDocumentView(Wire):
    """The organisation, registered, and its first administrator."""

    organisation: OrganisationView
    administrator: OperatorView


class CloseRequest(Wire):
    """POST /v1/organisations/close."""

    ura: UraText


class MergeRequest(Wire):
    """POST /v1/organisations/merge: ``ura`` goes into ``into``."""

    ura: UraText
    into: UraText


class OrganisationChangedView(Wire):
    """An organisation after a change."""

    organisation: OrganisationView
    change: ChangeView


class AppointmentRequest(Wire):
    """POST /v1/appointments.

    ``ura`` names another organisation than the operator's own: the ZORG-ID team must, and nobody
    else may. ``supplier``: the leverancier that the person works for.
    """

    role: AppointedRole
    ura: UraText | None = None
    person: OperatorPerson
    supplier: SupplierName | None = None


class TakeUpRequest(Wire):
    """POST /v1/appointments/take-up, with the client certificate that is to be the operator's."""

    code: str = Field(repr=False, pattern=CODE_PATTERN)


class PendingView(Wire):
    """An appointment that may still be taken up."""

    appointment_id: AppointmentIdText
    operator_id: PersonIdText
    role: Role
    supplier: str | None
    expires_at: Moment


class OperatorStandingView(Wire):
    """An operator. ``inactive``: their certificate was not used for four weeks."""

    operator: OperatorView
    supplier: str | None
    blocked_at: Moment | None
    seen_at: Moment | None
    inactive: bool


class OperatorsView(Wire):
    """GET /v1/operators: those of one organisation."""

    operators: list[OperatorStandingView]
    appointments: list[PendingView]


class BlockOperatorRequest(Wire):
    """POST /v1/operators/{operator_id}/block: at one's own organisation without ``ura``."""

    reason: BlockReason
    ura: UraText | None = None


class UnblockOperatorRequest(Wire):
    """POST /v1/operators/{operator_id}/unblock. ``ura`` as in `BlockOperatorRequest`."""

    ura: UraText | None = None


class OperatorChangedView(Wire):
    """An operator after a change."""

    operator: OperatorStandingView
    change: ChangeView
