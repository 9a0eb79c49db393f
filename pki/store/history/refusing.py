"""What is said of a store that lacks what somebody was told."""

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
