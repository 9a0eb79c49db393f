"""What this node issues by, said where other nodes can see it."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from pki.domain.leases.records import Lease
from server.generation.authorities import profiles_of
from server.settings import Settings

_PREFIX: Final = "profiles/"


def said_profiles(settings: Settings) -> str:
    """The lease that a node takes beside all others that issue by the same profiles.

    Raises:
        ConfigurationInvalid: a profile cannot be used.
    """
    digests = (
        f"{each.id}/{name}/{profile.digest}"
        for each in settings.generations
        for name, profile in profiles_of(settings, each).items()
    )
    return _PREFIX + digest_of(digests)


def digest_of(profiles: Iterable[str]) -> str:
    """One short name for all profiles of a node, by their own digests."""
    return hashlib.sha256("\n".join(sorted(profiles)).encode()).hexdigest()[:32]


def nodes_that_differ(leases: Sequence[Lease]) -> tuple[str, ...]:
    """The nodes on this store, if they issue by different profiles at this moment; else none.

    What a node says twice, it said before and after its restart.
    """
    said: dict[str, set[str]] = {}
    for each in leases:
        if each.held and each.name.startswith(_PREFIX):
            digest = each.name.removeprefix(_PREFIX).partition("/")[0]
            said.setdefault(each.holder, set()).add(digest)
    alike = set.intersection(*said.values()) if said else {""}
    return () if alike else tuple(sorted(said))
