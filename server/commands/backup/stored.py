"""What a store says of itself, once its journal was verified."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pki.domain.errors import ChainBroken, IntegrityBroken
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalHead, RawEntry, verify_chain
from pki.store.reading import ReadSession, ReadStore
from pki.store.schema import SCHEMA_REVISION
from server.settings import Settings

_STEP: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """The verified head, and what the manifest needs besides."""

    installation: str
    kind: str
    schema: str
    head: JournalHead
    crls: Mapping[str, int]


def examine_store(url: str, issuers: Iterable[str], say: Callable[[str], None]) -> StoreState:
    """Verify the whole journal of a store and hold it against the recorded head.

    Raises:
        ChainBroken: an entry does not hold, or some are missing at the end.
        SchemaMismatch: it was made by another release.
        StoreUnavailable: it cannot be read.
    """
    store = ReadStore.open(url, threads=1)
    try:
        return store.read_sync(lambda session: state_of(session, issuers, say))
    finally:
        store.close_sync()


def issuers_of(settings: Settings) -> tuple[str, ...]:
    """The CAs whose CRLs the store keeps."""
    return tuple(each.id for each in settings.published)


def digest_at(url: str, position: int) -> str | None:
    """The digest of one entry of a store's journal as it stands, in hex; None: there is none."""
    store = ReadStore.open(url, threads=1)
    try:
        found = store.read_sync(lambda session: next(session.raw_journal(position - 1, 1), None))
    finally:
        store.close_sync()
    return None if found is None or found.position != position else found.digest.hex()


def state_of(
    session: ReadSession, issuers: Iterable[str], say: Callable[[str], None]
) -> StoreState:
    """As `examine_store`, in a session that is held already.

    Raises:
        ChainBroken, StoreUnavailable: as there.
    """
    recorded = session.head()
    say(f"verifying {recorded.position} journal entries")
    found = verify_chain(_told(entry, say) for entry in session.raw_journal())
    if found != recorded:
        raise ChainBroken(
            position=found.position,
            message=f"the head says {recorded.position} entries, the journal has {found.position}",
            next_step="entries are missing at the end: compare with the last export",
        )
    installation = session.installation()
    if installation is None:
        raise IntegrityBroken(message="the store does not say of which installation it is")
    identity, kind = installation
    return StoreState(
        installation=identity,
        kind=kind,
        schema=SCHEMA_REVISION,
        head=found,
        crls={issuer: session.latest_crl_number(IssuerId(issuer)) for issuer in issuers},
    )


def _told(entry: RawEntry, say: Callable[[str], None]) -> RawEntry:
    if entry.position % _STEP == 0:
        say(f"  {entry.position} verified")
    return entry
