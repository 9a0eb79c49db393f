"""Reading them."""

import sqlalchemy as sa

from pki.domain.evidence.attestation import Attestation
from pki.domain.identifiers import SerialNumber
from pki.store.attestations.tables import attestations
from pki.store.journal_reads import JournalReads


class AttestationReads(JournalReads):
    """Adds attestations."""

    def attestation_of(self, serial: SerialNumber) -> Attestation | None:
        """What was kept with this certificate, if anything was."""
        table = attestations
        query = sa.select(table.c.der).where(table.c.serial == serial).order_by(table.c.place)
        chain = tuple(row.der for row in self._rows(query))
        return Attestation(serial=serial, chain=chain) if chain else None
