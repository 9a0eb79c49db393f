"""Keeping them."""

import sqlalchemy as sa

from pki.domain.evidence.attestation import Attestation
from pki.store.attestations.tables import attestations
from pki.store.short_lived.writing import ShortLivedWrites


class AttestationWrites(ShortLivedWrites):
    """Adds attestations."""

    def put_attestation(self, attestation: Attestation) -> None:
        """Keep one with its certificate.

        Raises:
            Conflict: it has one already.
        """
        for place, der in enumerate(attestation.chain):
            row = {"serial": attestation.serial, "place": place, "der": der}
            self._write(sa.insert(attestations), row)
