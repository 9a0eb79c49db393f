"""What may follow what at one place: numbers only rise, and no CA takes another's place."""

import hashlib
from dataclasses import dataclass
from typing import Self

from crl.sinks.ports import Paper
from pki.der.crl import read_crl_frame
from pki.domain.errors import Conflict, Malformed
from pki.domain.records import PublishedCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A CRL at a place: its number, the key that signed it (keyIdentifier), its digest."""

    number: int
    authority: bytes
    sha256: bytes

    @classmethod
    def of(cls, der: bytes) -> Self | None:
        """What these octets are; None when they are no CRL."""
        try:
            frame = read_crl_frame(der)
        except Malformed:
            return None
        return cls(
            number=frame.number,
            authority=frame.authority_key_id or b"",
            sha256=hashlib.sha256(der).digest(),
        )


def must_be_put(there: Standing | None, crl: PublishedCrl, where: str) -> bool:
    """Whether ``crl`` is to be put at ``where``; false when it stands there already.

    Raises:
        Conflict: a newer one stands there, another one of that number, or another CA's.
        Malformed: ``crl`` is none.
    """
    ours = Standing.of(crl.der)
    if ours is None:
        raise Malformed(what="CRL", message="the store gave a CRL that cannot be read")
    if there == ours:
        return False
    if there is None:
        return True
    if there.authority != ours.authority:
        raise Conflict(
            message=f"{where} holds a CRL of another CA",
            next_step="give each installation a folder or prefix of its own",
        )
    if there.number >= ours.number:
        raise Conflict(
            message=f"{where} holds CRL {there.number}; {ours.number} does not replace it",
            next_step="find out who else writes there, or whether the store was restored",
        )
    return True


def must_be_laid(there: bytes | None, paper: Paper, where: str) -> bool:
    """Whether ``paper`` is to be put at ``where``; false when it stands there already.

    Raises:
        Conflict: something else stands there, and lasts.
    """
    if there == paper.octets:
        return False
    if there is not None and paper.lasting:
        raise Conflict(
            message=f"{where} holds something else, and is never replaced",
            next_step="find out who else writes there, or whether the store was restored",
        )
    return True
