"""A process that is given an older journal than it knows writes nothing, and tells all others."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.history.guard import Confirming, Guard, Witness
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.journal_cut import cut_to


@contextmanager
def opened(url: str, guard: Guard | None = None) -> Iterator[Store]:
    store = Store.open(url, clock=SystemClock(), guard=guard)
    try:
        yield store
    finally:
        store.close_sync()


def recorded(store: Store, version: str = "1") -> int:
    event = ServiceStarted(roles="issuance", version=version)
    return store.write_sync(lambda session: session.record(event, SYSTEM)).position


def refused(store: Store) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as caught:
        recorded(store)
    return caught.value


def confirmed(url: str) -> None:
    with opened(url, Confirming()) as store:
        store.write_sync(WriteSession.confirm_history)


def missing(url: str) -> int | None:
    reader = ReadStore.open(url, threads=1)
    try:
        return reader.read_sync(ReadSession.missing)
    finally:
        reader.close_sync()


def behind(url: str) -> StoreUnavailable:
    """What a status is refused with."""
    reader = ReadStore.open(url, threads=1)
    with pytest.raises(StoreUnavailable) as caught:
        reader.read_sync(lambda session: session.require_abreast(SystemClock().now()))
    reader.close_sync()
    return caught.value


def test_a_status_is_not_read_where_an_entry_that_was_seen_is_not_yet(store_url: str) -> None:
    with opened(store_url) as store:
        last = recorded(store)
    reader, now = ReadStore.open(store_url, threads=1), SystemClock().now()
    reader.read_sync(lambda session: session.require_abreast(now, last))
    with pytest.raises(StoreUnavailable, match=f"lacks journal entry {last + 1}, which"):
        reader.read_sync(lambda session: session.require_abreast(now, last + 1))
    reader.close_sync()


@pytest.fixture
def witness(tmp_path: Path) -> Callable[[], Witness]:
    """Of a process, and of the one after it."""
    return lambda: Witness(tmp_path / "issuance.seen")


def test_what_was_acknowledged_and_is_missing_stops_everybody_until_it_is_confirmed(
    store_url: str, witness: Callable[[], Witness]
) -> None:
    with opened(store_url, witness()) as store:
        last = [recorded(store) for _ in range(3)][-1]
    cut_to(store_url, last - 1)
    with opened(store_url) as other:
        # Nobody knows better yet: an entry takes the place of the one that was acknowledged.
        assert recorded(other, "2") == last
        with opened(store_url, witness()) as store:
            refusals = [refused(store), refused(store)]
        assert all(f"entry {last}" in each.message for each in refusals)
        assert all("restore-confirm" in each.next_step for each in refusals)
        assert missing(store_url) == last
        assert f"entry {last}" in refused(other).message
        assert f"entry {last}" in behind(store_url).message
        confirmed(store_url)
        assert missing(store_url) is None
        assert recorded(other) == last + 1
    with opened(store_url, witness()) as store:
        assert recorded(store) == last + 2


def test_what_was_confirmed_and_is_lost_again_is_noticed_again(
    store_url: str, witness: Callable[[], Witness]
) -> None:
    with opened(store_url, witness()) as store:
        recorded(store)
        confirmed(store_url)
        last = recorded(store)
    cut_to(store_url, last - 1)
    with opened(store_url, witness()) as store:
        assert f"entry {last}" in refused(store).message


def test_a_process_that_knows_less_goes_on(store_url: str, witness: Callable[[], Witness]) -> None:
    with opened(store_url, witness()) as store:
        recorded(store)
    with opened(store_url) as other:
        last = recorded(other)
    with opened(store_url, witness()) as store:
        assert recorded(store) == last + 1


def test_what_is_kept_and_cannot_be_read_says_nothing(store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "issuance.seen"
    path.write_text("half of i")
    with opened(store_url, Witness(path)) as store:
        recorded(store)
    with opened(store_url, Witness(path)) as store:
        assert recorded(store) == 2
    assert json.loads(path.read_text())["position"] == 2
