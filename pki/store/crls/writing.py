"""Publishing CRLs, inside a transaction."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from pki.domain.records import CrlPiece, KeptCrl, PublishedCrl
from pki.store import schema
from pki.store.crls.rows import crl_rows, piece_rows, require_next
from pki.store.receipts.writing import ReceiptWrites


class CrlWrites(ReceiptWrites):
    """Adds CRLs."""

    def put_crl(self, crl: PublishedCrl, *, expected_previous: int) -> None:
        """As `put_crl_pieces`, of one piece."""
        whole = CrlPiece(sha256=hashlib.sha256(crl.der).digest(), octets=crl.der)
        self.put_crl_pieces(crl, [whole], expected_previous=expected_previous)

    def put_crl_pieces(
        self, crl: KeptCrl, pieces: Sequence[CrlPiece], *, expected_previous: int
    ) -> None:
        """Publish a CRL, if the newest one still is ``expected_previous`` (0: none yet).

        ``pieces`` joined are its DER; those that are kept already are not written again.

        Raises:
            Conflict: another was published meanwhile, or the number does not grow.
        """
        require_next(crl, self.latest_crl_number(crl.issuer), expected_previous)
        for table, row in crl_rows(crl, pieces, self.pieces_kept):
            self._write(sa.insert(table), row)

    def keep_pieces(self, pieces: Sequence[CrlPiece]) -> None:
        """Keep pieces of a CRL that is to be published soon; nothing shows them until then."""
        for row in piece_rows(pieces, self.pieces_kept):
            self._write(sa.insert(schema.crl_pieces), row)
