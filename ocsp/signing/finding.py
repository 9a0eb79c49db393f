"""What is known of a certificate, read from the store within a bound of time."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ocsp.answer import Asked, Found
from ocsp.policy import ResponderPolicy
from ocsp.ports import CertificateDigests, StatusSource
from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.domain.status import Good
from pki.ports import Clock

Answer = TypeVar("Answer")


class Finder:
    """Reads statuses, and digests of certificates where those are to be shown.

    After a look that took too long nothing is read for a second.
    """

    def __init__(
        self,
        source: StatusSource,
        digests: CertificateDigests | None,
        policy: ResponderPolicy,
        clock: Clock,
    ) -> None:
        self._source = source
        self._digests = digests
        self._seconds = policy.read_seconds
        self._clock = clock
        self._tried_again_at = datetime.min.replace(tzinfo=UTC)

    async def find(self, asked: Asked) -> Found:
        """What is known of one CertID.

        Raises:
            StoreUnavailable: it cannot be read now.
            IntegrityBroken: the store contradicts itself.
        """
        if asked.subject is None:
            return Found(asked=asked, status=None)
        status = await self._read(self._source.status(*asked.subject))
        if self._digests is None or not isinstance(status, Good):
            return Found(asked=asked, status=status)
        digest = await self._read(self._digests.certificate_sha256(*asked.subject))
        if digest is None:
            raise IntegrityBroken(
                message="a certificate is good that is not in the store",
                next_step="compare the store with a backup: zorgid doctor",
            )
        return Found(asked=asked, status=status, certificate_sha256=digest)

    async def _read(self, reading: Coroutine[Any, Any, Answer]) -> Answer:
        now = self._clock.now()
        if now < self._tried_again_at:
            reading.close()
            raise StoreUnavailable(message="the store could not be read a moment ago")
        try:
            async with asyncio.timeout(self._seconds):
                return await reading
        except TimeoutError as error:
            self._tried_again_at = now + timedelta(seconds=1)
            raise StoreUnavailable(
                message=f"the store did not answer within {self._seconds} s",
                next_step="look at the database's load and at the connection to it",
            ) from error
