"""PINs, PUKs and keys of cards: octets that show themselves nowhere and can be wiped."""

import hmac
from types import TracebackType
from typing import NoReturn, Self


class Secret:
    """Octets in a buffer of their own; as a context manager it is wiped on leaving.

    Python may have copied octets that were text or bytes before they came here: take them in as a
    bytearray where it can be had. Nothing shows, copies or pickles them.
    """

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes | bytearray) -> None:
        """Take the octets over; a bytearray handed in is wiped."""
        self._octets = bytearray(octets)
        if isinstance(octets, bytearray):
            _wipe(octets)

    def reveal(self) -> bytearray:
        """The octets themselves, for the one call that needs them; not to be kept."""
        return self._octets

    def same_as(self, other: "Secret") -> bool:
        """Whether both are the same octets; takes equally long either way."""
        return hmac.compare_digest(self._octets, other.reveal())

    def wipe(self) -> None:
        """Overwrite the octets; from now on it is empty."""
        _wipe(self._octets)
        self._octets.clear()

    def __len__(self) -> int:
        return len(self._octets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


def _wipe(octets: bytearray) -> None:
    octets[:] = bytes(len(octets))
