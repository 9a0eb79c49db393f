"""Signs answers about every good certificate before anyone asks, while nobody waits."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.ports import Credentials, WorkingSet
from ocsp.signing.presigned import Batch, Form, Signatures, Watch
from ocsp.signing.whole import response_data
from pki.domain.errors import SignatureBroken, SignerUnavailable, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.ports import Gate, PromptSigner

logger = logging.getLogger(__name__)

PAGE: Final = 1000
"""Certificates of one look into the store."""

TURN: Final = 16
"""Signatures between two turns of the event loop: a third of a millisecond on P-256."""

BUSY: Final = 0.0002
"""Seconds after which a turn of the event loop says that others have work."""

WAY_ASIDE: Final = 8
"""So many times as long as that turn took, this then waits; at most `LONGEST_WAY_ASIDE`."""

LONGEST_WAY_ASIDE: Final = 0.1
PAUSE: Final = 0.25
AGAIN: Final = 1.0
"""Seconds until a round that could not be whole is begun again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ink:
    """What is signed for one form in one batch: all but the serial number."""

    batch: Batch
    before: bytes
    after: bytes
    prompt: PromptSigner | None

    @classmethod
    def of(cls, form: Form, batch: Batch, policy: ResponderPolicy, sample: bytes) -> "_Ink":
        """Cut at the serial number of a sample; the whole is read back when it is first given.

        Raises:
            SignatureBroken: it stands in more than one place.
        """
        composed = batch.composed(form.asked(sample), policy)
        pieces = response_data(batch.credential, composed, None).split(sample)
        if len(pieces) != 2:  # noqa: PLR2004 -- what is before and what is after
            raise SignatureBroken(message="a serial number stands in two places of an answer")
        signer = batch.credential.signer
        prompt = signer if isinstance(signer, PromptSigner) else None
        return cls(batch=batch, before=pieces[0], after=pieces[1], prompt=prompt)


@dataclass(slots=True, kw_only=True)
class Presigning:
    """Goes round through the working set of each issuer, again before its answers come of age.

    Each round reads every status anew. A change while it goes on is minded by `Signatures`.
    """

    signatures: Signatures
    working_set: WorkingSet
    credentials: Mapping[IssuerId, Credentials]
    policy: ResponderPolicy
    moments: Moments
    gate: Gate
    signed: int = 0
    _inks: dict[Form, _Ink] = field(default_factory=dict)

    @property
    def every(self) -> float:
        """Seconds from the beginning of one round to that of the next."""
        half = self.policy.validity.total_seconds() / 2
        return half - min(max(self.policy.ahead, PAUSE), half / 2)

    async def run(self) -> None:
        """Go on for ever, where there is anything to sign; no failure ends it."""
        while self.signatures.forms:
            began, pause = self.moments.monotonic(), AGAIN
            try:
                if await self.once():
                    pause = max(PAUSE, self.every - (self.moments.monotonic() - began))
            except ZorgidError as error:
                logger.warning("answers not signed early: %s", error)
            await asyncio.sleep(pause)

    async def once(self) -> bool:
        """One round; whether every issuer had a key to sign with.

        Raises:
            ZorgidError: the store or a key cannot be used now.
        """
        began, before, whole = self.moments.monotonic(), self.signed, True
        room = self.signatures.limit
        for issuer in dict.fromkeys(form.issuer for form in self.signatures.forms):
            try:
                room -= await self._issuer(issuer, room)
            except SignerUnavailable:
                whole = False
        # Of what this round did not come by, the certificate is not good any more, or expired.
        self.signatures.forget(began)
        for number, _ in enumerate(self.signatures.sweep()):
            if number % PAGE == 0:
                await self._rest()
        logger.info(
            "answers are signed early",
            extra={"count": len(self.signatures), "signed": self.signed - before},
        )
        return whole

    async def _issuer(self, issuer: IssuerId, room: int) -> int:
        """Sign at most ``room`` answers; how many there were to be."""
        forms = [form for form in self.signatures.forms if form.issuer == issuer]
        certificates, done, after = room // len(forms), 0, b""
        while done < certificates:
            await self._followed()
            wanted = min(PAGE, certificates - done)
            with self.signatures.watching() as watch:
                page = await self.working_set.good(issuer, after, wanted)
                for turn in _turns(page, max(1, TURN // len(forms))):
                    for form in forms:
                        await self._sign(form, turn, watch)
                    await self._rest()
            done += len(page)
            if len(page) < wanted:
                return done * len(forms)
            after = page[-1]
        logger.warning(
            "there are more certificates than answers may be signed early",
            extra={"issuer": issuer.value, "next_step": "raise status.cache_entries"},
        )
        return done * len(forms)

    async def _followed(self) -> None:
        """Return while the journal is followed."""
        while self.moments.monotonic() >= self.gate.until:  # noqa: ASYNC110 -- a time, not an event
            await asyncio.sleep(PAUSE)

    async def _sign(self, form: Form, serials: Sequence[bytes], watch: Watch) -> None:
        second = self.moments.now()
        credential = self.credentials[form.issuer].at(second)
        ink = self._inks.get(form)
        if ink is None or ink.batch.credential is not credential or ink.batch.second != second:
            batch = self.signatures.begin(credential, second, self.moments.monotonic())
            ink = self._inks[form] = _Ink.of(form, batch, self.policy, serials[0])
        for serial in serials:
            data = b"".join((ink.before, serial, ink.after))
            if ink.prompt is not None:
                signature = ink.prompt.sign_now(data)
            else:
                signature = await credential.signer.sign(data)
            if not watch.touched(serial) and self.signatures.put(
                form, serial, ink.batch, signature
            ):
                self.signed += 1
                self.signatures.statistics.signed += 1

    async def _rest(self) -> None:
        """Let others have their turn, and the more of the processor the more they have to do."""
        began = self.moments.monotonic()
        await asyncio.sleep(0)
        waited = self.moments.monotonic() - began
        if waited > BUSY:
            await asyncio.sleep(min(WAY_ASIDE * waited, LONGEST_WAY_ASIDE))


def _turns(serials: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    left = iter(serials)
    while turn := tuple(islice(left, size)):
        yield turn
