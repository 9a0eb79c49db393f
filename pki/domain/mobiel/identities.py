"""Transitions of a ZORG-ID Mobiel identity. Pure: values in, values out.

::

    registered ◀──unblocked, renewed── blocked ──ended──▶ ended
      │  ▲  └──────────blocked──────────▶ ┘
      └──┘ renewed
"""

from dataclasses import replace
from datetime import datetime

from pki.domain.cards import require_compromise
from pki.domain.errors import Refused
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.reasons import RefusalReason, RevokeReason


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


def ended(
    identity: MobielIdentity,
    *,
    reason: RevokeReason,
    at: datetime,
    compromised_since: datetime | None = None,
) -> MobielIdentity:
    """End it for ever; only a blocked one (MAN 8.3). The block's start is the revocation date.

    Raises:
        Refused: MOBIEL_STATE: it is not `geblokkeerd`; COMPROMISE_DATE, as of a card.
    """
    moved = _moved(identity, MobielState.BLOCKED, MobielState.ENDED, at)
    require_compromise(reason, compromised_since, revoked_at(identity, at=at))
    return moved


def renewed(
    identity: MobielIdentity,
    *,
    certificate: tuple[IssuerId, SerialNumber],
    sha256: bytes,
    at: datetime,
) -> MobielIdentity:
    """Another telephone, or another key in the same one; a block ends with the certificate it was.

    Raises:
        Refused: MOBIEL_STATE: it is `ingetrokken`.
    """
    if identity.state is MobielState.ENDED:
        raise _wrong(identity, "get another certificate")
    issuer, serial = certificate
    return replace(
        identity,
        issuer=issuer,
        serial=serial,
        certificate_sha256=sha256,
        state=MobielState.REGISTERED,
        state_at=at,
        seen_at=at,
    )


def revoked_at(identity: MobielIdentity, *, at: datetime) -> datetime:
    """As of when its certificate is revoked ``at``: since the block, if it is blocked."""
    return identity.state_at if identity.state is MobielState.BLOCKED else at


def _moved(
    identity: MobielIdentity, from_: MobielState, to: MobielState, at: datetime
) -> MobielIdentity:
    if identity.state is not from_:
        raise _wrong(identity, f"become {to.value}")
    return replace(identity, state=to, state_at=at)


def _wrong(identity: MobielIdentity, verb: str) -> Refused:
    return Refused(
        reason=RefusalReason.MOBIEL_STATE,
        message=f"a ZORG-ID Mobiel that is {identity.state.value} cannot {verb}",
    )
