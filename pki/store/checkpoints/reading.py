"""Reading checkpoints."""

from sqlalchemy import select

from pki.domain.evidence.checkpoints import SignedCheckpoint
from pki.store.attestations.reading import AttestationReads
from pki.store.checkpoints.tables import checkpoints


class CheckpointReads(AttestationReads):
    """Adds checkpoints."""

    def latest_checkpoint(self) -> SignedCheckpoint | None:
        """The one that was made last, or None before the first."""
        row = self._row(select(checkpoints).order_by(checkpoints.c.at.desc()).limit(1))
        if row is None:
            return None
        return SignedCheckpoint(position=row.position, at=row.at, signed=row.signed)
