"""Transitions of a ZORG-ID Mobiel identity. Pure: values in, values out.

::

    registered ◀──unblocked── blocked ──ended──▶ ended
         └───────blocked───────▶ ┘
"""

from dataclasses import replace
from datetime import datetime

from pki.domain.errors import Refused
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.reasons import RefusalReason


def blocked(identity: MobielIdentity, *, at: datetime) -> MobielIdentity:
    """It lets nobody in until the block is lifted.

    Raises:
        Refused: MOBIEL_STATE: it is not `geregistreerd`.
    """
    return _moved(identity, MobielState.REGISTERED, MobielState.BLOCKED, at)


def unblocked(identity: MobielIdentity, *, at: datetime) -> MobielIdentity:
    """It lets its person in again.

    Raises:
        Refused: MOBIEL_STATE: it is not `geblokkeerd`.
    """
    return _moved(identity, MobielState.BLOCKED, MobielState.REGISTERED, at)


def ended(identity: MobielIdentity, *, at: datetime) -> MobielIdentity:
    """End it for ever; only a blocked one (MAN 8.3).

    Raises:
        Refused: MOBIEL_STATE: it is not `geblokkeerd`.
    """
    return _moved(identity, MobielState.BLOCKED, MobielState.ENDED, at)


def _moved(
    identity: MobielIdentity, from_: MobielState, to: MobielState, at: datetime
) -> MobielIdentity:
    if identity.state is not from_:
        raise Refused(
            reason=RefusalReason.MOBIEL_STATE,
            message=f"a ZORG-ID Mobiel that is {identity.state.value} cannot become {to.value}",
        )
    return replace(identity, state=to, state_at=at)
