"""Keeps one issuer's responder credential fresh; the old one answers until the new one is there."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate

from ocsp.credential import ResponderCredential
from ocsp.ports import CredentialSource
from pki.der.ocsp import PreferredSignature
from pki.domain.errors import (
    KeyMismatch,
    Refused,
    SignerUnavailable,
    Unavailable,
    ZorgidError,
)
from pki.domain.identifiers import IssuerId
from pki.ports import Clock

logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between attempts; also how often the date is looked at, so that a clock step is seen."""


class CredentialHolder:
    """Gives the credential that may sign now, and renews it in `run`."""

    def __init__(
        self,
        issuer: IssuerId,
        certificate: bytes,
        source: CredentialSource,
        clock: Clock,
        current: ResponderCredential | None = None,
    ) -> None:
        self.issuer = issuer
        self._issuer_certificate = load_der_x509_certificate(certificate)
        self._source = source
        self._clock = clock
        self._current = None if current is None else self._checked(current)
        self.renewals = 0
        self.failures = 0

    @property
    def not_after(self) -> datetime | None:
        """End of the present credential, for metrics."""
        return None if self._current is None else self._current.not_after

    def at(
        self, now: datetime, preferred: Sequence[PreferredSignature] = ()
    ) -> ResponderCredential:
        """The credential that signs at this moment; there is no choice.

        Raises:
            SignerUnavailable: there is none, or it has expired or is not valid yet.
        """
        del preferred
        current = self._current
        if current is None or not current.valid_at(now):
            raise SignerUnavailable(
                message=f"no valid OCSP responder certificate of {self.issuer}",
                next_step="look why it was not renewed: the issuance role must be reachable",
            )
        return current

    def can_answer(self, now: datetime) -> bool:
        """Whether the issuer itself is valid now: outside its life it delegates to nobody."""
        issuer = self._issuer_certificate
        return issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc

    async def tend(self) -> None:
        """Renew when that is due; nothing is due outside the issuer's own life.

        Raises:
            ZorgidError: it was due and failed; the old credential stays.
        """
        now = self._clock.now()
        if not self.can_answer(now):
            return
        if self._current is not None and not self._current.renewal_due(now):
            return
        fresh = self._checked(await self._source.renew())
        if not fresh.valid_at(self._clock.now()):
            raise SignerUnavailable(
                message=f"the new OCSP responder certificate of {self.issuer} is not valid now",
                next_step="compare the clocks of the issuance role and of this computer",
            )
        self._current = fresh
        self.renewals += 1
        logger.info(
            "responder certificate renewed",
            extra={"issuer": self.issuer.value, "not_after": fresh.not_after.isoformat()},
        )

    async def begin(self) -> None:
        """Have a credential before the first question; what is unavailable now, `run` tries again.

        Raises:
            ZorgidError: what was given cannot be used, and waiting will not change that.
        """
        try:
            await self.tend()
        except (Unavailable, Refused) as error:
            self._failed(error, error.next_step)

    async def run(self) -> None:
        """Tend for ever; no failure ends it."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.tend()
                pause = LONGEST_PAUSE
            except ZorgidError as error:
                self._failed(error, error.next_step)
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 -- an unforeseen failure must not end renewal
                self._failed(error, "this is a defect: report it; renewal goes on being tried")
                pause = LONGEST_PAUSE
            await asyncio.sleep(pause)

    def _failed(self, error: Exception, next_step: str) -> None:
        self.failures += 1
        logger.error(
            "responder certificate not renewed",
            exc_info=error,
            extra={"issuer": self.issuer.value, "next_step": next_step},
        )

    def _checked(self, credential: ResponderCredential) -> ResponderCredential:
        """RFC 6960 4.2.2.2: the delegation must come from the very issuer that is answered for.

        Two generations may have one name, so it is the signature that tells.
        """
        delegated = load_der_x509_certificate(credential.certificate)
        try:
            delegated.verify_directly_issued_by(self._issuer_certificate)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise KeyMismatch(
                message=f"the OCSP responder certificate was not issued by {self.issuer}",
                next_step="let the issuance role make one with the right issuer",
            ) from error
        return credential


class CredentialChoice:
    """Credentials of one issuer with keys of different kinds; the first is the usual one."""

    def __init__(self, usual: CredentialHolder, *others: CredentialHolder) -> None:
        self.issuer = usual.issuer
        self.holders = (usual, *others)

    @property
    def not_after(self) -> datetime | None:
        """The first end of the present credentials, for metrics."""
        ends = [each.not_after for each in self.holders if each.not_after is not None]
        return min(ends, default=None)

    def can_answer(self, now: datetime) -> bool:
        """As `CredentialHolder.can_answer`: all have one issuer."""
        return self.holders[0].can_answer(now)

    async def begin(self) -> None:
        """As `CredentialHolder.begin`, for each."""
        for holder in self.holders:
            await holder.begin()

    async def run(self) -> None:
        """Tend each for ever."""
        async with asyncio.TaskGroup() as tasks:
            for holder in self.holders:
                tasks.create_task(holder.run())

    def at(
        self, now: datetime, preferred: Sequence[PreferredSignature] = ()
    ) -> ResponderCredential:
        """The first wish that can be fulfilled, else the usual one, else any (RFC 6960 4.4.7.2).

        Raises:
            SignerUnavailable: none is valid now.
        """
        usable: list[ResponderCredential] = []
        for holder in self.holders:
            with suppress(SignerUnavailable):
                usable.append(holder.at(now))
        for wish in preferred:
            for credential in usable:
                if credential.suits(wish):
                    return credential
        return usable[0] if usable else self.holders[0].at(now)
