"""`zorgid store upgrade`: the schema of this release, or an earlier one; the journal stays."""

from collections.abc import Callable
from pathlib import Path

from pki.domain.errors import ChainBroken, IntegrityBroken, SchemaMismatch
from pki.domain.journal import JournalHead, verify_chain
from pki.store.engine import read_engine, refuse_newer
from pki.store.failures import translating
from pki.store.journal_reads import JournalReads
from pki.store.migrate import migrate, schema_revision, step_back
from pki.store.schema import SCHEMA_REVISION
from server.process.locks import exclusive_role
from server.process.roles import EXCLUSIVE
from server.report import Report
from server.settings import Settings, load

Say = Callable[[str], None]


def upgrade(config: Path, back: str | None, say: Say) -> Report:
    """Upgrade the store to this release's schema; with ``back``, return to that revision.

    Raises:
        AlreadyRunning: a service runs.
        SchemaMismatch: the store is of a newer release, was never made, or cannot go back there.
        ChainBroken: the journal does not verify; nothing was changed.
        StoreUnavailable: it cannot be read or written; nothing was changed.
    """
    settings = load(config)
    url = settings.store.url
    found = schema_revision(url)
    if found is None:
        raise SchemaMismatch(
            message="the store has no schema", next_step="run zorgid init, which makes it"
        )
    refuse_newer(found)
    if found == (back or SCHEMA_REVISION):
        return _report(found, found, None)
    return _changed(settings, found, back, say)


def _changed(settings: Settings, found: str, back: str | None, say: Say) -> Report:
    url, wanted = settings.store.url, back or SCHEMA_REVISION
    locks = [exclusive_role(settings.locks, role.value) for role in EXCLUSIVE]
    with locks[0], locks[1]:
        say("verifying the journal")
        before = verified_head(url)
        say(f"changing the schema from {found} to {wanted}")
        if back is None:
            migrate(url)
        else:
            step_back(url, back)
        say("verifying the journal again")
        if verified_head(url) != before:
            raise IntegrityBroken(
                message="the journal is another one than before",
                next_step="stop, restore the backup, and report it: this is a defect",
            )
    return _report(found, wanted, before)


def verified_head(url: str) -> JournalHead:
    """The head of a store of any revision, whose journal all of them have in one form.

    Raises:
        ChainBroken: the journal does not verify.
        StoreUnavailable: it cannot be read.
    """
    engine = read_engine(url, connections=1)
    try:
        with translating(), engine.connect() as connection:
            session = JournalReads(connection)
            found, recorded = verify_chain(session.raw_journal()), session.head()
            session.close()
    finally:
        engine.dispose()
    if found != recorded:
        raise ChainBroken(
            position=min(found.position, recorded.position) + 1,
            message=f"the head says {recorded.position} entries, the journal has {found.position}",
            next_step="entries are missing at the end: compare with the last export",
        )
    return found


def _report(found: str, now: str, head: JournalHead | None) -> Report:
    result = {"from": found, "to": now, "position": None if head is None else head.position}
    if head is None:
        return Report(result=result, lines=[f"the store has schema {now} already"])
    lines = [
        f"the schema is {now}, from {found}; the journal verifies: {head.position} entries",
        "next: start the services"
        if now == SCHEMA_REVISION
        else f"next: install the release that has schema {now}, then start the services",
    ]
    return Report(result=result, lines=lines)
