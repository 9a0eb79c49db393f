"""The card's end of a vpcd reader: what a card is to pcscd, and pulling it out.

Every message is a 16-bit big-endian length and that many octets. One octet from the reader is a
control code; anything longer a command APDU. Only the ATR question and APDUs are answered. Closing
the socket is what "card pulled out" looks like.
"""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

TELL_ATR = 4
CLONE_NEWNET = 0x40000000


class Chip(Protocol):
    """What lies in the reader."""

    atr: bytes

    def power_on(self) -> None: ...

    def transmit(self, apdu: bytes) -> bytes: ...


def dial_inside(pid: int, port: int) -> socket.socket:
    """A socket that lives in the network namespace of process ``pid``.

    Entering a namespace binds one thread, so a short-lived one enters and connects.
    """
    made: list[socket.socket | OSError] = []

    def work() -> None:
        inside = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(inside, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_connection(("127.0.0.1", port), timeout=60))
        except OSError as error:
            made.append(error)
        finally:
            os.close(inside)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    made[0].settimeout(None)
    return made[0]


@contextmanager
def closing_after(link: socket.socket) -> Iterator[None]:
    """However serving ends: a reader that waits for a card that is gone would wait for ever."""
    try:
        yield
    finally:
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)


class CardLink:
    """A chip in one slot of a virtual reader, served by a thread of its own until pulled out.

    ``pull_before`` and ``pull_after`` count the APDUs from 0: the card is pulled out before it sees
    that one, or after it acted on it and before it answered.
    """

    def __init__(self, chip: Chip, *, pid: int, port: int) -> None:
        self.chip = chip
        self.seen = 0
        self.pull_before: int | None = None
        self.pull_after: int | None = None
        self._socket = dial_inside(pid, port)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pull_out(self) -> None:
        """The card leaves the reader; repeated, nothing happens."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(60)
            self._socket.close()

    def _exact(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            part = self._socket.recv(count - len(octets))
            if not part:
                raise ConnectionError
            # vpcd sends length and body apart: an acknowledgement that waits costs 40 ms each.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            octets += part
        return octets

    def _serve(self) -> None:
        with suppress(OSError), closing_after(self._socket):
            while True:
                (size,) = struct.unpack(">H", self._exact(2))
                message = self._exact(size)
                answer = self._control(message[0]) if size == 1 else self._apdu(message)
                if answer is not None:
                    self._socket.sendall(struct.pack(">H", len(answer)) + answer)

    def _control(self, code: int) -> bytes | None:
        if code == TELL_ATR:
            return self.chip.atr
        self.chip.power_on()
        return None

    def _apdu(self, message: bytes) -> bytes:
        index, self.seen = self.seen, self.seen + 1
        if index == self.pull_before:
            raise ConnectionError
        answer = self.chip.transmit(message)
        if index == self.pull_after:
            raise ConnectionError
        return answer
