"""Makes the next CRL of one list: collect, compose, sign, read back, compare, publish."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from crl.build import (
    CrlIssuer,
    Draft,
    Succession,
    compose,
    predecessor,
    same_content,
    shown,
)
from crl.collect import Collected, Collector, Delta, Held
from crl.policy import CrlPolicy
from crl.ports import CrlStore, Publication, SignatureCheck
from crl.succession import Shown, findings
from pki.der.codec import Pieces
from pki.der.crl import CrlFrame, read_crl_frame
from pki.domain.errors import KeyMismatch, LintFailed, SignatureBroken
from pki.domain.identifiers import IssuerId
from pki.domain.records import CrlPiece, KeptCrl, PublishedCrl
from pki.ports import Clock, Signer, sign_pieces

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
        """Make the CRLs of one list.

        ``signer`` verifies each signature itself before it gives it (`pki.keys.checked`).

        Raises:
            KeyMismatch: it has another key than the issuer's certificate.
        """
        if signer.public_key != issuer.public_key:
            raise KeyMismatch(
                message=f"the key that signs CRLs is not that of {issuer.issuer}",
                next_step="compare the issuer's certificate and key",
            )
        self.issuer = issuer
        self.list = issuer.crl_list
        self._signer = signer
        self._store = store
        self._verify = verify
        self._clock = clock
        self._policy = policy
        self._collector = Collector(
            crl_list=self.list,
            read=lambda crl: predecessor(issuer, crl.der, verify),
            span=policy.delta_span,
        )
        self._held: Held | None = None

    async def latest(self) -> PublishedCrl | None:
        """What is published now.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        return await self._store.latest(self.list.id)

    async def publish_next(self, *, from_rows: bool = True, last: bool = False) -> Publication:
        """Make and publish the next CRL, and its delta where there are deltas.

        ``from_rows``: read every entry from the store; else what this process published last is
        brought up to date, if it did and that still is the newest. ``last``: none will follow it.

        Raises:
            Unavailable: store or signer cannot be used now.
            Conflict: another was published meanwhile.
            LintFailed: it may not follow its predecessor; names each rule that it breaks.
            SignatureBroken: what was signed does not verify or does not read back.
        """
        now = self._clock.now()
        collected = await self._store.look(
            self.list,
            partial(
                self._collector.collect,
                held=self._held,
                now=now,
                from_rows=from_rows,
            ),
        )
        whole = self._draft(collected, now, last=last)
        publication, frame = await self._made(whole, self.list.id, collected.upto)
        following = shown(frame, collected.roll)
        await asyncio.to_thread(_require_successor, collected.previous, following)
        publications = [publication]
        if collected.delta is not None and not last:
            draft = _delta_draft(whole, collected.delta, self._policy.delta_validity)
            delta, _ = await self._made(draft, self.list.delta_id, collected.upto)
            publications.append(delta)
        previous = 0 if collected.previous is None else collected.previous.number
        await self._store.publish(publications, previous)
        self._held = Held(shown=following, upto=collected.upto)
        return publication

    def _draft(self, collected: Collected, now: datetime, *, last: bool) -> Draft:
        before = None if collected.previous is None else collected.previous.this_update
        if before is not None and before - now > CLOCK_TOLERANCE:
            logger.error(
                "the clock was set back: the CRL keeps its predecessor's time",
                extra={
                    "issuer": self.list.id.value,
                    "next_step": "set the clock right; relying parties refuse times to come",
                },
            )
        content = compose(
            self.issuer,
            Succession(
                number=collected.number,
                this_update=before,
                delta=collected.delta is not None and not last,
            ),
            algorithm=self._signer.algorithm,
            now=now,
            validity=None if last else self._policy.validity,
        )
        return Draft(
            content=content, entries=tuple(collected.roll.pieces()), count=collected.roll.entries
        )

    async def _made(
        self, draft: Draft, list_id: IssuerId, upto: int
    ) -> tuple[Publication, CrlFrame]:
        """Signed and read back. A CRL may be large: it is never joined, nor copied."""
        signature = await sign_pieces(self._signer, draft.pieces())
        pieces = draft.signed(signature)
        frame = _read_back(pieces, draft, signature)
        sha256 = await asyncio.to_thread(_digest, pieces)
        crl = KeptCrl(
            issuer=list_id,
            number=draft.content.number,
            this_update=draft.content.this_update,
            next_update=draft.content.next_update,
            entries=draft.count,
            upto=upto,
        )
        return Publication(crl=crl, sha256=sha256, pieces=pieces), frame


def _digest(pieces: Sequence[CrlPiece]) -> bytes:
    """SHA-256 of all; other threads run meanwhile where pieces are large."""
    digest = hashlib.sha256()
    for each in pieces:
        digest.update(each.octets)
    return digest.digest()


def _read_back(pieces: Sequence[CrlPiece], draft: Draft, signature: bytes) -> CrlFrame:
    """Read what is to leave: it says what was composed, and what was signed stands in it whole.

    The pieces between head and tail are not read: they are the very ones that were signed.
    """
    whole = Pieces([each.octets for each in pieces])
    frame = read_crl_frame(whole)
    head, *_, tail = draft.pieces()
    start, stop = frame.tbs.start, frame.tbs.stop
    if (
        not same_content(frame, draft.content)
        or frame.signature != signature
        or whole[start : start + len(head)] != head
        or whole[stop - len(tail) : stop] != tail
        or tuple(pieces[1:-1]) != tuple(draft.entries)
        or stop - start != len(head) + draft.octets + len(tail)
        or frame.listed.stop - frame.listed.start != draft.octets
    ):
        raise SignatureBroken(
            message="a CRL did not read back as it was composed",
            next_step="this is a defect: keep the log and report it",
        )
    return frame


def _require_successor(previous: Shown | None, following: Shown) -> None:
    broken = () if previous is None else findings(previous, following)
    if previous is not None and broken:
        raise LintFailed(
            message=f"CRL {following.number} may not follow CRL {previous.number}",
            next_step="the last CRL stays published; run zorgid journal verify",
            findings=tuple(map(str, broken)),
        )


def _delta_draft(whole: Draft, delta: Delta, validity: timedelta) -> Draft:
    """The delta of the same moment: the same number, and what it says agrees (RFC 5280 5.2.3)."""
    content = replace(
        whole.content,
        next_update=min(whole.content.this_update + validity, whole.content.next_update),
        base_number=delta.base,
        freshest=None,
    )
    entries = b"".join(delta.entries)
    pieces = (CrlPiece(sha256=hashlib.sha256(entries).digest(), octets=entries),) if entries else ()
    return Draft(content=content, entries=pieces, count=len(delta.entries))
