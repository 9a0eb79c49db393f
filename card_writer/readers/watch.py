"""Which readers there are and what lies in them, told at every change."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from smartcard import scard

from card_writer.card_edge import NoReader
from card_writer.readers.connection import START_SERVICE, establish

_NEW_READERS: Final = "\\\\?PnP?\\Notification"
"""The pseudo-reader that changes when a reader is plugged in or out; macOS has none."""
_LOOK_MS: Final = 1000
"""Milliseconds after which a watch looks by itself: a cancel may have come just before it waited,
and macOS does not tell of new readers.
"""
_State = tuple[str, int, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A reader; ``atr`` is the answer to reset of the card in it, empty without a card.

    ``busy``: a program holds the card for itself. ``mute``: what lies in it does not answer.
    """

    reader: str
    atr: bytes
    busy: bool
    mute: bool = False

    @property
    def has_card(self) -> bool:
        """Whether a card that answers lies in it."""
        return bool(self.atr)


@dataclass(slots=True)
class Watch:
    """One watcher with a context of its own; `cancel` may come from another thread."""

    _context: int = field(default_factory=establish)
    _ended: threading.Event = field(default_factory=threading.Event)

    def slots(self) -> tuple[Slot, ...]:
        """All readers as they are now.

        Raises:
            NoReader: the reader service is gone.
        """
        return _slots(self._look())

    def changes(self) -> Iterator[tuple[Slot, ...]]:
        """All readers now, and again after each change, until `cancel`.

        Raises:
            NoReader: the reader service is gone; make a new watch once it runs again.
        """
        told: tuple[Slot, ...] | None = None
        while not self._ended.is_set():
            states = self._look()
            slots = _slots(states)
            if slots != told:
                yield slots
                told = slots
            self._wait(states)

    def cancel(self) -> None:
        """End `changes` wherever it waits."""
        self._ended.set()
        scard.SCardCancel(self._context)

    def close(self) -> None:
        """Let the context go; not while another thread is in `changes`."""
        scard.SCardReleaseContext(self._context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look(self) -> list[_State]:
        outcome, names = scard.SCardListReaders(self._context, [])
        if outcome == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _require(outcome)
        known = [(str(name), scard.SCARD_STATE_UNAWARE) for name in names]
        outcome, states = scard.SCardGetStatusChange(self._context, 0, known)
        _require(outcome)
        return list(states)

    def _wait(self, states: list[_State]) -> None:
        """Until something changes, or it is time to look; the next look says which."""
        known = [(name, seen & ~scard.SCARD_STATE_CHANGED) for name, seen, _ in states]
        if sys.platform != "darwin":
            known.append((_NEW_READERS, scard.SCARD_STATE_UNAWARE))
        if known:
            scard.SCardGetStatusChange(self._context, _LOOK_MS, known)
        else:
            self._ended.wait(_LOOK_MS / 1000)


def _slots(states: list[_State]) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            reader=name,
            atr=bytes(octet & 0xFF for octet in atr),
            busy=bool(seen & scard.SCARD_STATE_EXCLUSIVE),
            mute=bool(seen & scard.SCARD_STATE_MUTE),
        )
        for name, seen, atr in states
    )


def _require(outcome: int) -> None:
    if outcome != scard.SCARD_S_SUCCESS:
        raise NoReader(
            message=f"the reader service does not answer (PC/SC {outcome & 0xFFFFFFFF:08x})",
            next_step=START_SERVICE,
        )
