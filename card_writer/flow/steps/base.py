"""What steps have in common: each says what is done, and by whom.

A step does nothing until whoever drives the dialogue lets it be done: on the reader (`OnReader`,
blocking, in the readers' thread), by the server (`ToServer`, `ToStatus`) or by the person
(`ToPerson`).
"""

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from card_writer.flow.bench import Bench
from card_writer.flow.ports import CardStatus, Issuance, Person
from card_writer.secret import Secret
from pki.api.wire import ChallengeView
from pki.domain.algorithms import SignatureAlgorithm

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(ABC, Generic[Result]):
    """One thing to be done outside; ``Result`` is what it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnReader(Step[Result]):
    """Done with pass or card."""

    @abstractmethod
    def do(self, bench: Bench) -> Result:
        """Do it; blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtReader(OnReader[Result]):
    """Done after the PIN was typed at the reader; ``tries_left`` is None where it is not told."""

    tries_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToServer(Step[Result]):
    """Asked of the issuance API."""

    @abstractmethod
    async def call(self, server: Issuance) -> Result:
        """Ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStatus(Step[Result]):
    """Asked of the status service."""

    @abstractmethod
    async def look(self, status: CardStatus) -> Result:
        """Ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPerson(Step[Result]):
    """Asked of the person at the desk."""

    @abstractmethod
    async def ask(self, person: Person) -> Result:
        """Ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """PIN and PUK of the card that is being made."""

    pin: Secret = field(repr=False)
    puk: Secret = field(repr=False)

    def wipe(self) -> None:
        """Overwrite both."""
        self.pin.wipe()
        self.puk.wipe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A signature of a challenge."""

    challenge: ChallengeView
    signature: bytes
    algorithm: SignatureAlgorithm


Dialogue = Generator[Step[Any], Any, Result]
"""Yields steps and is sent their results, or thrown what they raised."""


def do(step: Step[Result]) -> Dialogue[Result]:
    """One step of a dialogue, its result with its type."""
    result: Result = yield step
    return result
