"""Keeping checkpoints."""

import sqlalchemy as sa

from pki.domain.evidence.checkpoints import SignedCheckpoint
from pki.store.attestations.writing import AttestationWrites
from pki.store.checkpoints.tables import checkpoints


class CheckpointWrites(AttestationWrites):
    """Adds checkpoints."""

    def put_checkpoint(self, checkpoint: SignedCheckpoint) -> None:
        """Keep one; its time is later than that of every other."""
        row = {
            "at": checkpoint.at,
            "position": checkpoint.position,
            "signed": checkpoint.signed,
        }
        self._write(sa.insert(checkpoints), row)
