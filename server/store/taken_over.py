"""A database that took over from another and lacks what that one acknowledged."""

from datetime import datetime

from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId
from pki.store.reading import ReadSession, ReadStore
from server.restored import Restored
from server.settings import Settings


def taken_over(settings: Settings, now: datetime) -> Restored | None:
    """A store that lacks what somebody was told, as one that was put back to its last entry.

    None for a store of which nobody knows that.

    Raises:
        StoreUnavailable: it cannot be read.
    """

    def query(session: ReadSession) -> Restored | None:
        if session.missing() is None:
            return None
        head = session.head()
        last = next(session.raw_journal(head.position - 1, 1))
        numbers = (session.latest_crl_number(IssuerId(each.id)) for each in settings.token_ca)
        return Restored(
            backup_made_at=last.at,
            restored_at=encode_time(now),
            position=head.position,
            digest=head.digest.hex(),
            crl_number=max(numbers, default=0),
        )

    store = ReadStore.open(settings.store.url, threads=1)
    try:
        return store.read_sync(query)
    finally:
        store.close_sync()
