"""A CRL as the rows that keep it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from pki.domain.errors import Conflict, IntegrityBroken
from pki.domain.records import CrlPiece, PublishedCrl
from pki.store import schema

Row = dict[str, object]


def crl_rows(
    crl: PublishedCrl, pieces: Sequence[CrlPiece], kept: Callable[[Sequence[bytes]], set[bytes]]
) -> Iterator[tuple[sa.Table, Row]]:
    """The rows of the pieces that are not ``kept`` yet, and the one that names them all.

    Raises:
        IntegrityBroken: the pieces are not the whole CRL.
    """
    parts = pieces or (CrlPiece(sha256=hashlib.sha256(crl.der).digest(), octets=crl.der),)
    if sum(len(each.octets) for each in parts) != len(crl.der):
        raise IntegrityBroken(message="the pieces of a CRL are not the whole of it")
    digests = [each.sha256 for each in parts]
    there = kept(digests)
    new = {each.sha256: each.octets for each in parts if each.sha256 not in there}
    for digest, octets in new.items():
        yield schema.crl_pieces, {"sha256": digest, "octets": octets}
    yield (
        schema.crls,
        {
            "issuer": crl.issuer,
            "number": crl.number,
            "this_update": crl.this_update,
            "next_update": crl.next_update,
            "entries": crl.entries,
            "upto": crl.upto,
            "layout": b"".join(digests),
        },
    )


def require_next(crl: PublishedCrl, latest: int, expected: int) -> None:
    """Make sure that nobody published in between, and that the number grows.

    Raises:
        Conflict: it is not so.
    """
    if latest != expected or crl.number <= latest:
        raise Conflict(
            message=f"CRL {crl.number} does not follow CRL {latest}",
            next_step="build it again on the newest CRL",
        )
