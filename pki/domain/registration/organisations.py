"""Transitions of an organisation. Pure: values in, values out.

::

    prepared ──finished──▶ registered ──closed──▶ closed
                               └──────merged────────┴──▶ merged
"""

from dataclasses import replace

from pki.domain.errors import Refused
from pki.domain.people import Organisation, OrganisationState
from pki.domain.reasons import RefusalReason

_REGISTERED_ONCE = frozenset({OrganisationState.REGISTERED, OrganisationState.CLOSED})


def finished(organisation: Organisation) -> Organisation:
    """Its representative has proven themself.

    Raises:
        Refused: ORGANISATION_STATE: it is not `voorbereid`.
    """
    if organisation.state is not OrganisationState.PREPARED:
        raise _wrong_state(organisation, "be finished")
    return replace(organisation, state=OrganisationState.REGISTERED)


def closed(organisation: Organisation) -> Organisation:
    """It no longer exists; its passes stay good for making cards.

    Raises:
        Refused: ORGANISATION_STATE: it is not `geregistreerd`.
    """
    if organisation.state is not OrganisationState.REGISTERED:
        raise _wrong_state(organisation, "be closed")
    return replace(organisation, state=OrganisationState.CLOSED)


def merged(organisation: Organisation, into: Organisation) -> Organisation:
    """It went into another; its passes stay good for making cards.

    Raises:
        Refused: ORGANISATION_STATE: it was never registered or has merged, the other is not
            `geregistreerd`, or they are one.
    """
    if organisation.state not in _REGISTERED_ONCE:
        raise _wrong_state(organisation, "merge")
    if into.state is not OrganisationState.REGISTERED or into.id == organisation.id:
        raise _wrong_state(into, "take in another")
    return replace(organisation, state=OrganisationState.MERGED, successor=into.id)


def _wrong_state(organisation: Organisation, verb: str) -> Refused:
    return Refused(
        reason=RefusalReason.ORGANISATION_STATE,
        message=f"an organisation that is {organisation.state.value} cannot {verb}",
    )
