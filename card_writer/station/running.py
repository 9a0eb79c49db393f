"""One dialogue after the other, as the person at the page chooses them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.flow.steps.base import Dialogue
from card_writer.station import texts
from card_writer.station.person import PersonAtPage
from card_writer.station.stage import STEPS, Screen
from card_writer.token import changing, testing
from pki.domain.errors import ZorgidError
from pki.ports import Clock, Entropy

OpenDesk = Callable[[str, PersonAtPage], Desk]
"""A desk for one action; raises a ZorgidError when its readers cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """The person, and a desk for each action."""

    person: PersonAtPage
    open_desk: OpenDesk
    clock: Clock
    entropy: Entropy

    async def run(self) -> None:
        """Until cancelled."""
        stage = self.person.stage
        while True:
            stage.set_step(None)
            chosen = (await stage.ask(texts.start())).get("button", "")
            if chosen in texts.ACTIONS:
                await stage.ask(await self._done(chosen))

    async def _done(self, action: str) -> Screen:
        try:
            desk = self.open_desk(action, self.person)
            outcome = await desk.run(self._dialogue(action))
        except ZorgidError as error:
            return texts.failed(error)
        if action == "create":
            self.person.stage.set_step(len(STEPS) - 1)
        return texts.ended(outcome, self.clock.now())

    def _dialogue(self, action: str) -> Dialogue[Any]:
        match action:
            case "create":
                return make_card(self.entropy)
            case "change-pin":
                return changing.change_pin()
            case "unblock-pin":
                return changing.unblock_pin()
            case _:
                return testing.check_card(self.entropy)
