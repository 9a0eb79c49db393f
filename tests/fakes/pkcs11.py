"""A PKCS#11 library as `pki.keys.pkcs11.ports` asks for it, with faults on order; no C in it."""

import hashlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pki.domain.algorithms import KeyType
from pki.keys.algorithms import PrivateKey, generate_private_key, spki
from pki.keys.pkcs11.child import serve
from pki.keys.pkcs11.ports import (
    Fault,
    Gone,
    KeyMissing,
    KeyName,
    Library,
    Operation,
    PinRefused,
    TokenObject,
)

FAKE_PIN = b"right"


@dataclass
class FakeLibrary:
    """What happens is in ``calls``; ``faults`` are raised by the next calls of that name."""

    key: PrivateKey = field(default_factory=lambda: generate_private_key(KeyType.P256))
    pin: bytes = FAKE_PIN
    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    during_sign: Callable[[], None] = lambda: None
    threads: set[int] = field(default_factory=set)
    present: bool = True
    stored: dict[tuple[bytes, str], TokenObject] = field(default_factory=dict)
    made_with: dict[str, bool] = field(default_factory=dict)

    def called(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.get_ident())
        if self.faults.get(name):
            raise self.faults[name].pop(0)

    def open(self, token: str, pin: bytes, *, again: bool) -> "FakeSession":
        self.called("open again" if again else "open")
        if not self.present:
            raise Gone("NoSuchToken")
        if pin != self.pin:
            raise PinRefused("PinIncorrect")
        return FakeSession(self)

    def restart(self) -> None:
        self.called("restart")


@dataclass
class FakeSession:
    library: FakeLibrary

    def mechanisms(self) -> frozenset[str]:
        self.library.called("mechanisms")
        return frozenset({"ECDSA"})

    def public_key(self, key: KeyName) -> bytes:
        self.library.called("public_key")
        if key.key_id != b"\x01":
            raise KeyMissing("there is no such key")
        return spki(self.library.key.public_key())

    def sign(self, key: KeyName, operation: Operation) -> bytes:
        self.library.called("sign")
        if key.key_id != b"\x01":
            raise KeyMissing("there is no such key")
        self.library.during_sign()
        return hashlib.sha512(operation.data).digest()

    def objects(self) -> tuple[TokenObject, ...]:
        self.library.called("objects")
        return tuple(self.library.stored.values())

    def generate(self, key: KeyName, key_type: KeyType) -> None:
        self.library.called("generate")
        assert key.label is not None
        safe = {"sensitive": True, "extractable": False, "sign": True, "decrypt": False}
        self.library.stored[key.key_id, key.label] = TokenObject(
            kind="private_key",
            key_id=key.key_id,
            label=key.label,
            key_type=key_type.value,
            attributes=safe | self.library.made_with,
        )

    def destroy(self, key: KeyName) -> int:
        self.library.called("destroy")
        found = [name for name in self.library.stored if name[0] == key.key_id]
        for name in found:
            del self.library.stored[name]
        return len(found)

    def close(self) -> None:
        self.library.calls.append("close")


class ThreadPeer:
    """A `Peer` whose module is in a thread of this process, behind the same socket pair."""

    def __init__(self, load: Callable[[], Library]) -> None:
        self.channel, theirs = socket.socketpair()
        self.lines = self.channel.makefile("rb")
        self.thread = threading.Thread(target=serve, args=(theirs, load), daemon=True)
        self.thread.start()
        self.ended = False

    def is_alive(self) -> bool:
        return not self.ended

    def ask(self, line: bytes) -> None:
        self.channel.sendall(line)

    def answer(self, seconds: float) -> bytes:
        self.channel.settimeout(seconds)
        return self.lines.readline()

    def crash(self) -> None:
        """End as a process does that met a fault in C."""
        self.ended = True
        self.channel.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self.ended = True
        self.lines.close()
        self.channel.close()
