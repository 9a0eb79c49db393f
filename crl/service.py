"""Makes the next CRL of one issuer: collect, compose, sign, read back, compare, publish."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from crl.build import CrlIssuer, compose, encode_listing, read_verified
from crl.policy import CrlPolicy
from crl.ports import CrlStore, Listing, SignatureCheck
from crl.succession import findings
from pki.der.crl import Crl, CrlContent, encode_tbs_crl
from pki.der.signed import assemble
from pki.domain.errors import LintFailed, SignatureBroken
from pki.domain.records import PublishedCrl
from pki.ports import Clock, Signer

logger = logging.getLogger(__name__)

CLOCK_TOLERANCE: Final = timedelta(seconds=60)


class CrlService:
    """Nothing is published that was not read back, verified and held against its predecessor."""

    def __init__(
        self,
        issuer: CrlIssuer,
        signer: Signer,
        store: CrlStore,
        *,
        verify: SignatureCheck,
        clock: Clock,
        policy: CrlPolicy,
    ) -> None:
        self.issuer = issuer
        self._signer = signer
        self._store = store
        self._verify = verify
        self._clock = clock
        self._policy = policy
        self._last: tuple[bytes, Crl] | None = None

    async def latest(self) -> PublishedCrl | None:
        """What is published now.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        return await self._store.latest(self.issuer.issuer)

    async def publish_next(self) -> PublishedCrl:
        """Make and publish the next CRL.

        Raises:
            Unavailable: store or signer cannot be used now.
            Conflict: another was published meanwhile.
            LintFailed: it may not follow its predecessor; names each rule that it breaks.
            SignatureBroken: what was signed does not verify or does not read back.
        """
        listing = await self._store.collect(self.issuer.issuer, encode_listing)
        now = self._clock.now()
        if listing.previous and listing.previous.this_update - now > CLOCK_TOLERANCE:
            logger.error(
                "the clock was set back: the CRL keeps its predecessor's time",
                extra={
                    "issuer": self.issuer.issuer.value,
                    "next_step": "set the clock right; relying parties refuse times to come",
                },
            )
        content = compose(
            self.issuer,
            listing,
            algorithm=self._signer.algorithm,
            now=now,
            policy=self._policy,
        )
        tbs = await asyncio.to_thread(encode_tbs_crl, content)
        signature = await self._signer.sign(tbs)
        der = assemble(tbs, content.algorithm, signature)
        read = await asyncio.to_thread(self._read_back, der, content, listing)
        crl = PublishedCrl(
            issuer=self.issuer.issuer,
            number=content.number,
            this_update=content.this_update,
            next_update=content.next_update,
            der=der,
            entries=len(listing.entries),
            upto=listing.upto,
        )
        await self._store.publish(crl, listing.previous.number if listing.previous else 0)
        self._last = (der, read)
        return crl

    def _read_back(self, der: bytes, content: CrlContent, listing: Listing) -> Crl:
        read = read_verified(self.issuer, der, self._verify)
        if (read.number, read.this_update, read.next_update, len(read.entries)) != (
            content.number,
            content.this_update,
            content.next_update,
            len(listing.entries),
        ):
            raise SignatureBroken(
                message="a CRL did not read back as it was composed",
                next_step="this is a defect: keep the log and report it",
            )
        if listing.previous is not None:
            broken = findings(self._predecessor(listing.previous), read)
            if broken:
                raise LintFailed(
                    message=f"CRL {read.number} may not follow CRL {listing.previous.number}",
                    next_step="the last CRL stays published; run zorgid journal verify",
                    findings=tuple(map(str, broken)),
                )
        return read

    def _predecessor(self, previous: PublishedCrl) -> Crl:
        """The predecessor, read; remembered, since it nearly always is the one made last."""
        if self._last is not None and self._last[0] == previous.der:
            return self._last[1]
        return read_verified(self.issuer, previous.der, self._verify)
