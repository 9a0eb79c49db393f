"""What `zorgid doctor` looks at of leases: who runs what runs once, and what nobody runs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from pki.domain.leases.records import Lease
from pki.store.reading import ReadSession, ReadStore
from server.commands.findings import Finding, ok, warning
from server.leases.names import WITHOUT, Task
from server.settings import Settings

ABOUT = "tasks"


def examine_leases(settings: Settings, now: datetime) -> Iterator[Finding]:
    """By the database's clock; nothing before a first start."""
    del now
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        leases = store.read_sync(ReadSession.leases)
    finally:
        store.close_sync()
    yield from judge_leases(leases)


def judge_leases(leases: Sequence[Lease]) -> Iterator[Finding]:
    """One finding for each process that runs something, and one for all that nobody runs."""
    tasks = {each.name: each for each in leases if each.name in {task.value for task in Task}}
    for holder in sorted({each.holder for each in tasks.values() if each.held}):
        held = (name for name, each in tasks.items() if each.held and each.holder == holder)
        yield ok(ABOUT, f"{holder} runs {_listed(held)}")
    free = [task for task in Task if task.value in tasks and not tasks[task.value].held]
    if free:
        missing = _listed(f"{task.value} ({WITHOUT[task]})" for task in free)
        yield warning(ABOUT, f"nobody runs {missing}", "start zorgid serve with that role")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
