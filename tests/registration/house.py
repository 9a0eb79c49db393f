"""A desk on some store that a stateful test works at, and what it has seen there."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from fakes.issuance import Surroundings
from issuance.operators.appoint import Appointed
from issuance.ports import Enquiry, Reader, Store
from issuance.steps.callers import operator_of
from pki.domain.errors import ZorgidError
from pki.domain.journal import to_raw, verify_chain
from pki.domain.people import Operator
from registration.seen import NUMBERS, URAS, Remembered

T = TypeVar("T")

MANY_ENTRIES: Final = 100_000

uras = st.sampled_from(URAS)
people = st.sampled_from(NUMBERS)
actors = st.integers(min_value=0, max_value=5)


def bounded(share: int, steps: int) -> settings:
    """A share of the profile's examples: few in the suite, very many in a search."""
    assert settings.default is not None, "conftest.py loads a profile"
    examples = max(1, settings.default.max_examples // share)
    # A computer with other work may let it wait for minutes.
    slow = [HealthCheck.too_slow]
    return settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=slow)


class RegistrationHouse(RuleBasedStateMachine):
    """The ZORG-ID team at a desk; every step is followed by a look at the whole store."""

    runner: asyncio.Runner
    around: Surroundings
    reader: Reader
    store: Store

    @abstractmethod
    def open_store(self) -> tuple[Store, Reader]:
        """An empty one, and how it is read."""

    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.around = Surroundings()
        self.store, self.reader = self.runner.run(self._opened())
        self.around.desk = replace(self.around.desk, store=self.store, reader=self.reader)
        self.certificates: list[bytes] = []
        self.codes: list[Appointed] = []
        self.taken: set[str] = set()
        self.remembered = Remembered()
        self.orders = 0

    async def _opened(self) -> tuple[Store, Reader]:
        return self.open_store()

    def attempt(self, action: Coroutine[Any, Any, object]) -> None:
        """Do it; a refusal is an answer."""
        try:
            self.runner.run(action)
        except ZorgidError:
            return

    def read(self, query: Callable[[Enquiry], T]) -> T:
        async def reading() -> T:
            return await self.reader.read(query)

        return self.runner.run(reading())

    async def actor(self, which: int) -> Operator:
        """The team, or somebody with a certificate."""
        if not self.certificates or which == 0:
            return self.around.team
        certificate = self.certificates[which % len(self.certificates)]
        return await operator_of(self.around.desk, certificate)

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            entries = self.read(lambda snapshot: snapshot.journal_after(0, MANY_ENTRIES))
            head = verify_chain(map(to_raw, entries))
            assert head.position == len(entries)
        finally:
            self.runner.run(self.close_store())
            self.runner.close()

    async def close_store(self) -> None:
        """For stores that hold something open."""
