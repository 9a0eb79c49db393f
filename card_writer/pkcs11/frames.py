"""How a module's process is talked to: messages of several parts, over pipes.

A message is the number of its parts, then each part behind its length, both as four octets, big
endian. The first part is JSON; PINs travel in parts of their own, in buffers that can be wiped.
"""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

_PREFIX: Final = 4
_PARTS_MAX: Final = 64
_PART_MAX: Final = 1 << 20
Head = dict[str, Any]


class BrokenFrame(Exception):
    """What came is no message, or ended early."""


def write(stream: BinaryIO, head: Head, parts: Sequence[bytes | bytearray] = ()) -> None:
    """Send one message.

    Raises:
        OSError: nobody reads any more.
    """
    whole = [json.dumps(head).encode(), *parts]
    _write(stream, len(whole).to_bytes(_PREFIX, "big"))
    for part in whole:
        _write(stream, len(part).to_bytes(_PREFIX, "big"))
        _write(stream, part)


def read(stream: BinaryIO) -> tuple[Head, list[bytearray]]:
    """Receive one message.

    Raises:
        BrokenFrame: the other end is gone, or sends something else.
    """
    count = _number(stream)
    if not 0 < count <= _PARTS_MAX:
        raise BrokenFrame
    first, *parts = (_part(stream) for _ in range(count))
    try:
        head = json.loads(first)
    except ValueError:
        raise BrokenFrame from None
    if not isinstance(head, dict):
        raise BrokenFrame
    return head, parts


def _write(stream: BinaryIO, octets: bytes | bytearray) -> None:
    left = memoryview(octets)
    while left:
        left = left[stream.write(left) :]


def _number(stream: BinaryIO) -> int:
    return int.from_bytes(_exact(stream, _PREFIX), "big")


def _part(stream: BinaryIO) -> bytearray:
    size = _number(stream)
    if size > _PART_MAX:
        raise BrokenFrame
    return _exact(stream, size)


def _exact(stream: BinaryIO, count: int) -> bytearray:
    octets = bytearray(count)
    view = memoryview(octets)
    while view:
        got = stream.readinto(view)  # type: ignore[attr-defined] # raw streams have it
        if not got:
            raise BrokenFrame
        view = view[got:]
    return octets
