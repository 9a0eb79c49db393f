"""Other nodes on the same store: whether they issue by the same profiles."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pki.domain.events import CertificateIntended
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.events import MobielIntended
from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, problem, warning
from server.generation.authorities import names_of, profiles_of
from server.nodes.profiles import nodes_that_differ
from server.settings import Settings

LOOKED_AT: Final = 2000
"""Journal entries: what was issued before them tells of the past."""

_COMPARE: Final = "compare the folders of profiles on all nodes, then restart those that differ"


def examine_nodes(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The profile of the newest certificates beside this node's; two in turn are two nodes'.

    And what nodes that run now say of their profiles.
    """
    del now
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        entries = store.read_sync(_newest)
        leases = store.read_sync(ReadSession.leases)
    finally:
        store.close_sync()
    differing = nodes_that_differ(leases)
    if differing:
        yield problem("nodes", f"have different profiles: {', '.join(differing)}", _COMPARE)
    for each in settings.generations:
        if each.state == "issues":
            name = names_of(settings, each).person
            ours = profiles_of(settings, each)[name]
            used = profiles_used(entries, IssuerId(each.id), name)
            yield judge_profiles(each.id, ours.digest, used)


def _newest(session: ReadSession) -> Sequence[JournalEntry]:
    return session.journal_after(max(0, session.head().position - LOOKED_AT), LOOKED_AT)


def profiles_used(entries: Sequence[JournalEntry], issuer: IssuerId, profile: str) -> list[str]:
    """Digests of a profile as certificates were made with them, in order, repetitions left out."""
    used: list[str] = []
    for entry in entries:
        event = entry.event
        if not isinstance(event, CertificateIntended | MobielIntended) or event.issuer != issuer:
            continue
        name, _, digest = event.profile.partition("@")
        if name == profile and used[-1:] != [digest]:
            used.append(digest)
    return used


def judge_profiles(issuer: str, ours: str, used: Sequence[str]) -> Finding:
    """A profile that comes back after another one was not changed: two nodes have two."""
    if len(set(used)) < len(used):
        return problem("nodes", f"what {issuer} issues is made by different profiles", _COMPARE)
    if used and ours.rpartition("@")[2] != used[-1]:
        text = f"the newest that {issuer} issued was made by another profile than this node has"
        return warning("nodes", text, f"if it was not changed just now: {_COMPARE}")
    return ok("nodes", f"what {issuer} issues is made by this node's profile")
