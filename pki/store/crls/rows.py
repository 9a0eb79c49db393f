"""A CRL as the rows that keep it."""

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from pki.domain.errors import Conflict
from pki.domain.records import CrlPiece, KeptCrl
from pki.store import schema

Row = dict[str, object]


def crl_rows(
    crl: KeptCrl, pieces: Sequence[CrlPiece], kept: Callable[[Sequence[bytes]], set[bytes]]
) -> Iterator[tuple[sa.Table, Row]]:
    """The rows of the pieces that are not ``kept`` yet, and the one that names them all."""
    for row in piece_rows(pieces, kept):
        yield schema.crl_pieces, row
    yield (
        schema.crls,
        {
            "issuer": crl.issuer,
            "number": crl.number,
            "this_update": crl.this_update,
            "next_update": crl.next_update,
            "entries": crl.entries,
            "upto": crl.upto,
            "layout": b"".join([each.sha256 for each in pieces]),
        },
    )


def piece_rows(
    pieces: Sequence[CrlPiece], kept: Callable[[Sequence[bytes]], set[bytes]]
) -> Iterator[Row]:
    """The rows of those that are not ``kept`` yet."""
    there = kept([each.sha256 for each in pieces])
    new = {each.sha256: each.octets for each in pieces if each.sha256 not in there}
    for digest, octets in new.items():
        yield {"sha256": digest, "octets": octets}


def require_next(crl: KeptCrl, latest: int, expected: int) -> None:
    """Make sure that nobody published in between, and that the number grows.

    Raises:
        Conflict: it is not so.
    """
    if latest != expected or crl.number <= latest:
        raise Conflict(
            message=f"CRL {crl.number} does not follow CRL {latest}",
            next_step="build it again on the newest CRL",
        )
