"""What is said of a store that lacks what somebody was told."""

from datetime import datetime
from typing import Final

from pki.domain.errors import StoreUnavailable

NEXT_STEP: Final = (
    "stop issuing; put back the database that has it, or: zorgid restore-confirm (docs/backup.md)"
)


def refusal(missing: int) -> StoreUnavailable:
    """What is said while an entry is missing."""
    return StoreUnavailable(
        message=f"the store lacks journal entry {missing}, which was acknowledged: "
        "what was issued, blocked or revoked since may be lost",
        next_step=NEXT_STEP,
    )


def unproven(beat: datetime | None, *, replica: bool) -> StoreUnavailable:
    """What is said where a heartbeat must be seen, and the last one is ``beat``."""
    found = "no heartbeat" if beat is None else f"its last heartbeat is of {beat}"
    if replica:
        return StoreUnavailable(
            message=f"the replica is behind its primary, or the clocks differ: {found}",
            next_step="look at the replication, at the writing process, and at both clocks",
        )
    return StoreUnavailable(
        message="the database took over from another and nobody writes to it, or the clocks "
        f"differ: {found}",
        next_step="make sure that the former primary is off, and that issuance runs and writes "
        "here; look at both clocks (docs/operations.md#when-the-primary-is-lost)",
    )
