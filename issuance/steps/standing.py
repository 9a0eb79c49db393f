"""What the store knows of somebody who shows a pass."""

from datetime import datetime, timedelta

from issuance.ports import Eligibility
from issuance.rules.eligibility import Applicant
from issuance.rules.messages import REFUSALS
from pki.domain.cards import Card, Issued, Ordered
from pki.domain.errors import Refused
from pki.domain.mobiel.records import SubscriberCertificate
from pki.domain.people import Person
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import UziName


def applicant_of(
    session: Eligibility, name: UziName, resumable_since: datetime
) -> tuple[Person | None, Applicant]:
    """The person, if known already, and what the rules ask about them."""
    person = session.person_by_uzi_number(name.uzi_number)
    return person, Applicant(
        organisation=session.organisation_by_ura(name.ura),
        uses_mobiel=person is not None and session.uses_mobiel(person.id),
        live_card=None if person is None else session.live_card_of(person.id),
        resumable_since=resumable_since,
    )


def refuse(reason: RefusalReason | None) -> None:
    """Turn a rule's verdict into an answer.

    Raises:
        Refused: there is a reason.
    """
    if reason is not None:
        raise Refused(reason=reason, message=REFUSALS[reason].english)


def refuse_late(card: Card, now: datetime, unfinished: timedelta) -> None:
    """Stop an order whose time is over, also before it was swept up.

    Raises:
        Refused: CONFIRMATION_TOO_LATE.
    """
    if isinstance(card.phase, Ordered | Issued) and now >= card.phase.at + unfinished:
        refuse(RefusalReason.CONFIRMATION_TOO_LATE)


def require_alive(certificate: SubscriberCertificate | None, since: datetime | None) -> None:
    """A key is certified when whoever has it proves that: no signature is from before.

    Raises:
        Refused: COMPROMISE_DATE: the certificate was not there at ``since``.
    """
    if since is None or (certificate is not None and since >= certificate.not_before):
        return
    raise Refused(
        reason=RefusalReason.COMPROMISE_DATE,
        message="the certificate did not exist yet at compromised_since",
        next_step="give a time from the certificate's notBefore on",
    )
