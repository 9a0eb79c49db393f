"""Drives the dialogue: pass and card through one worker thread, the server through its client."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from card_writer.flow.bench import Bench
from card_writer.flow.ports import CardReader, CardStatus, Issuance, PassReader, Person
from card_writer.flow.steps.base import Dialogue, OnReader, Step, ToPerson, ToServer, ToStatus
from pki.domain.errors import ZorgidError
from pki.ports import Entropy

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Readers for one pass and one card, one person, and the services that a dialogue needs."""

    cards: CardReader
    person: Person
    entropy: Entropy
    passes: PassReader | None = None
    client: Issuance | None = None
    status: CardStatus | None = None

    async def run(self, dialogue: Dialogue[Outcome]) -> Outcome:
        """Let every step be done, in order; what a step raises is the dialogue's to judge.

        Raises:
            ZorgidError: what the dialogue did not get over; it may be run anew.
        """
        bench = Bench(passes=self.passes, cards=self.cards, entropy=self.entropy)
        with ThreadPoolExecutor(1, thread_name_prefix="readers") as readers:
            try:
                return await self._lead(dialogue, bench, readers)
            finally:
                dialogue.close()
                await asyncio.wrap_future(readers.submit(bench.close))

    async def _lead(
        self, dialogue: Dialogue[Outcome], bench: Bench, readers: ThreadPoolExecutor
    ) -> Outcome:
        try:
            step = next(dialogue)
            while True:
                try:
                    result = await self._done(step, bench, readers)
                except ZorgidError as error:
                    step = dialogue.throw(error)
                else:
                    step = dialogue.send(result)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome

    async def _done(self, step: Step[Any], bench: Bench, readers: ThreadPoolExecutor) -> object:
        self.person.doing(step)
        match step:
            case OnReader():
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(readers, step.do, bench)
            case ToServer() if self.client is not None:
                return await step.call(self.client)
            case ToStatus() if self.status is not None:
                return await step.look(self.status)
            case ToPerson():
                return await step.ask(self.person)
            case _:
                raise AssertionError(step)
