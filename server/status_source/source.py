"""The status of certificates, as the responder asks for it: exact, and refused rather than old."""

import logging
import math
from collections.abc import Iterator, Sequence
from typing import Final

from pki.domain.events import touched
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.status import CertificateStatus, OnHold, Revoked
from pki.ports import Clock
from pki.store.history.start import Start
from pki.store.reading import ReadSession, ReadStore
from pki.store.tail import Contact
from pki.telemetry.metrics import Reading
from server.status_source.revoked import RevokedSet

_log: Final = logging.getLogger(__name__)


class FollowedStatus:
    """Revocations from memory while the journal is followed closely; all else from the store.

    What an entry touches is forgotten, and remembered again when it was read after that. So memory
    never says what the journal has overtaken, and needs to know nothing of what entries mean. Nor
    is anything read in a database that lacks an entry which was seen.
    """

    def __init__(
        self, store: ReadStore, contact: Contact, *, clock: Clock, fresh_seconds: float
    ) -> None:
        self._store = store
        self._clock = clock
        self._contact = contact
        self._fresh = fresh_seconds
        self._revoked: dict[IssuerId, RevokedSet] = {}
        self._changes = 0
        self._seen = 0

    @property
    def remembered(self) -> int:
        """How many revocations are in memory."""
        return sum(map(len, self._revoked.values()))

    async def load(self, issuers: Sequence[IssuerId]) -> Start:
        """Remember what is revoked, and nothing else; from where on to follow.

        Raises:
            StoreUnavailable: the store cannot be read.
        """

        def query(session: ReadSession) -> tuple[Start, dict[IssuerId, RevokedSet]]:
            found = {each: RevokedSet(session.listed_rows(each)) for each in issuers}
            return session.follow_start(), found

        start, self._revoked = await self._store.read(query)
        self._seen = start.head.position
        fields = {"count": self.remembered, "position": start.head.position}
        _log.info("revocations are in memory", extra=fields)
        return start

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Forget what these entries touch."""
        for entry in entries:
            self._seen = max(self._seen, entry.position)
            subject = touched(entry.event)
            if subject is not None:
                self._changes += 1
                issuer, serial = subject
                if issuer in self._revoked:
                    self._revoked[issuer].drop(serial)

    async def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        """Fulfil `ocsp.ports.StatusSource`."""
        revoked = self._revoked.get(issuer)
        if revoked is not None and self.contact_age() <= self._fresh:
            remembered = revoked.get(serial)
            if remembered is not None:
                return remembered
        self._contact.require_whole()
        seen, changes = self._seen, self._changes

        def query(session: ReadSession) -> CertificateStatus | None:
            session.require_abreast(self._clock.now(), seen)
            return session.status(issuer, serial)

        status = await self._store.read(query)
        if (
            isinstance(status, OnHold | Revoked)
            and changes == self._changes
            and revoked is not None
            and revoked is self._revoked.get(issuer)
        ):
            revoked.put(serial, status)
        return status

    async def good(self, issuer: IssuerId, after: bytes, limit: int) -> Sequence[bytes]:
        """Fulfil `ocsp.ports.WorkingSet`."""
        self._contact.require_whole()
        now, seen = self._clock.now(), self._seen

        def query(session: ReadSession) -> Sequence[bytes]:
            session.require_abreast(now, seen)
            return session.good_serials(issuer, after, limit, now)

        return await self._store.read(query)

    def readings(self) -> Iterator[Reading]:
        """Fulfil `pki.telemetry.metrics.Source`."""
        yield Reading(name="zorgid_status_revocations", value=self.remembered)
        age = self.contact_age()
        if math.isfinite(age):
            labels = {"role": "status"}
            yield Reading(name="zorgid_store_contact_age_seconds", value=age, labels=labels)

    def contact_age(self) -> float:
        """Fulfil `ocsp.ports.StatusSource`."""
        return self._contact.age()
