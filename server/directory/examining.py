"""What `zorgid doctor` says of directories: asked from outside, and as the store remembers them."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ldap_publish.follower import cursors_of
from pki.domain.errors import DirectoryUnavailable
from pki.domain.identifiers import IssuerId
from pki.observe.ldap import LdapObserver
from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, problem, warning
from server.roles.publisher import directory_missing
from server.settings import Settings

_LATE: Final = timedelta(seconds=60)
_START: Final = "see the publisher's log; zorgid ldap verify says what is missing"


def examine_positions(settings: Settings, now: datetime) -> Iterator[Finding]:
    """How far each directory is behind the journal, and whether something was set aside."""
    if directory_missing(settings.ldap) is not None:
        return
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        for name in [name for name, _ in settings.ldap.external] or [""]:
            yield store.read_sync(partial(_position, name=name, now=now))
    finally:
        store.close_sync()


def _position(session: ReadSession, *, name: str, now: datetime) -> Finding:
    cursors, shown = cursors_of(name), name or "the directory"
    position = session.cursor(cursors.position)
    waiting = session.journal_after(position, 1)
    if waiting and now - waiting[0].at > _LATE:
        behind = session.head().position - position
        text = f"{shown} is {behind} journal entries behind, since {waiting[0].at:%Y-%m-%d %H:%M}"
        return warning("LDAP", f"{text} UTC", _START)
    if session.cursor(cursors.unfinished):
        text = f"{shown} lacks what it refused, or is being compared"
        return warning("LDAP", text, "zorgid ldap verify says which, and why")
    return ok("LDAP", f"{shown} has all of the journal")


async def ask_directories(settings: Settings) -> AsyncIterator[Finding]:
    """Ask each directory for CAs and CRLs, as relying parties do."""
    missing = directory_missing(settings.ldap)
    if missing is not None:
        yield warning("LDAP", f"no directory is kept: {missing}", "see the section [ldap]")
        return
    private = (f"ldap://{settings.ldap.listen}", None)
    asked = [(each.url or "", each.ca_file) for _, each in settings.ldap.external] or [private]
    for url, ca_file in asked:
        observer = LdapObserver(url=url, base=settings.ldap.base, ca_file=ca_file)
        for each in settings.token_ca:
            try:
                yield await _ask(observer, each.id)
            except DirectoryUnavailable as error:
                yield problem("LDAP", f"{url}: {error.message}", error.next_step or _START)


async def _ask(observer: LdapObserver, issuer: str) -> Finding:
    found = await observer.ca(IssuerId(issuer))
    if found is None or not found.certificates:
        return problem("LDAP", f"{issuer} is not in {observer.url}", _START)
    if not found.crls:
        return warning("LDAP", f"no CRL of {issuer} yet", "wait a moment; see the log")
    return ok("LDAP", f"{observer.url} has {issuer} and its CRL")
