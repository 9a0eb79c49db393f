"""Taking, renewing and giving back leases, and refusing whoever has lost one.

All of it happens under the lock of the journal's head, so no two decisions cross.
"""

from datetime import timedelta

import sqlalchemy as sa

from pki.domain.errors import LeaseLost
from pki.domain.leases.records import Claim
from pki.store.leases.reading import database_now
from pki.store.leases.tables import leases
from pki.store.short_lived.writing import ShortLivedWrites

_TICK = timedelta(microseconds=1)


class LeaseWrites(ShortLivedWrites):
    """The part of a change that is about leases."""

    def take_lease(
        self, name: str, holder: str, length: timedelta, *, restarted: bool
    ) -> Claim | None:
        """Have a lease from now on, with a new token; None while somebody else has it.

        ``restarted``: whoever had it under this holder's name is gone, so its end is not awaited.
        """
        found = self.lease(name)
        until = self._until(length)
        if found is None:
            row = {"name": name, "holder": holder, "token": 1, "until": until}
            self._write(sa.insert(leases).values(row))
            return Claim(name=name, token=1)
        if found.held and not (restarted and found.holder == holder):
            return None
        claim = Claim(name=name, token=found.token + 1)
        taken = {"holder": holder, "token": claim.token, "until": until}
        self._write(sa.update(leases).where(leases.c.name == name).values(taken))
        return claim

    def renew_lease(self, claim: Claim, length: timedelta) -> bool:
        """Have it for ``length`` from now on; False when another has taken it since."""
        renewed = sa.update(leases).where(*_of(claim)).values(until=self._until(length))
        return self._write(renewed).rowcount == 1

    def give_back_lease(self, claim: Claim) -> None:
        """Let anybody take it now, unless another has it already."""
        self._write(sa.update(leases).where(*_of(claim)).values(until=0))

    def require_lease(self, claim: Claim) -> None:
        """Go on only while nobody else has taken it: one that ran out unnoticed still counts.

        Raises:
            LeaseLost: another has taken it; nothing of this change stays.
        """
        if self._row(sa.select(leases.c.token).where(*_of(claim))) is None:
            raise LeaseLost(
                message=f"another process has taken over: {claim.name}",
                next_step="nothing: this one waits until it is its turn again",
            )

    def _until(self, length: timedelta) -> sa.ColumnElement[int]:
        return database_now(self._connection) + length // _TICK


def _of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return leases.c.name == claim.name, leases.c.token == claim.token
