"""What the registration authority asks of a source of identity."""

from datetime import datetime
from typing import Protocol

from pki.domain.identity.record import Identity


class IdentitySource(Protocol):
    """Something that vouches for who a person is: a UZI pass, a statement of Dezi."""

    async def identify(self, evidence: bytes, at: datetime, /) -> Identity:
        """Verify what a person shows, and say whose it is.

        That whoever shows it is that person is proven apart, by a challenge or a log-in.

        Raises:
            Refused, StatementRejected, Malformed: it is not believed.
            PassStatusUnavailable: it cannot be known whether it was revoked.
        """
        ...
