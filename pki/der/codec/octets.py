"""What a reader reads: bytes, or pieces of them that are never joined."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol, overload


class Octets(Protocol):
    """Octets that can be looked at here and there."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, place: int, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...


class Pieces:
    """`Octets` that lie in several places: what is large is not copied to be read.

    Places count from the start, and slices have no step.
    """

    __slots__ = ("_ends", "_pieces")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [each for each in pieces if each]
        self._ends = list(accumulate(map(len, self._pieces)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...

    def __getitem__(self, place: int | slice, /) -> int | bytes:
        if isinstance(place, slice):
            return self._between(*place.indices(len(self))[:2])
        index, within = self._at(place)
        return self._pieces[index][within]

    def _at(self, place: int) -> tuple[int, int]:
        index = bisect_right(self._ends, place)
        return index, place - (self._ends[index - 1] if index else 0)

    def _between(self, start: int, stop: int) -> bytes:
        found = []
        index, within = self._at(start)
        wanted = stop - start
        while wanted > 0:
            found.append(self._pieces[index][within : within + wanted])
            wanted -= len(found[-1])
            index, within = index + 1, 0
        return b"".join(found)
