"""What a process that writes has of the store it shares with others."""

from dataclasses import dataclass

from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store
from server.leases.keeper import LeaseKeeper
from server.nodes.watch import NodeWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Writing, reading, following, the right to do what only one may do, and a watch on others."""

    store: Store
    reader: ReadStore
    tail: JournalTail
    leases: LeaseKeeper
    watch: NodeWatch
