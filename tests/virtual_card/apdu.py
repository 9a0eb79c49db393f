"""What any card does with a command APDU before its application sees it (ISO 7816-4 5.1, 5.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field

OK = 0x9000
WRONG_LENGTH, WRONG_DATA, WRONG_P1_P2 = 0x6700, 0x6A80, 0x6A86
NOT_ALLOWED, CONDITIONS, BLOCKED = 0x6982, 0x6985, 0x6983
NOT_FOUND, NO_REFERENCE, NO_INSTRUCTION, NO_CLASS = 0x6A82, 0x6A88, 0x6D00, 0x6E00
LAST_EXPECTED, NO_SPACE = 0x6883, 0x6A84
CHAIN_LIMIT = 8192
SHORT = 256


class Status(Exception):
    """A status word other than 9000."""

    def __init__(self, word: int) -> None:
        super().__init__(f"{word:04x}")
        self.word = word


@dataclass(frozen=True, slots=True)
class Apdu:
    """A command, taken apart; ``le`` is how many octets the reader takes, 0 for none asked."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int
    extended: bool


def parse_apdu(raw: bytes, *, extended_too: bool) -> Apdu:
    if len(raw) < 4:
        raise Status(WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    rest = raw[4:]
    extended = len(rest) >= 3 and rest[0] == 0
    if extended and not extended_too:
        raise Status(WRONG_LENGTH)
    size = 2 if extended else 1
    body = rest[1:] if extended else rest
    limit = 0x10000 if extended else SHORT
    data, tail = b"", body
    if len(body) > size:
        length = int.from_bytes(body[:size], "big")
        data, tail = body[size : size + length], body[size + length :]
        if len(data) != length:
            raise Status(WRONG_LENGTH)
    if len(tail) not in {0, size}:
        raise Status(WRONG_LENGTH)
    le = (int.from_bytes(tail, "big") or limit) if tail else 0
    return Apdu(cla, ins, p1, p2, data, le, extended)


Application = Callable[[Apdu], bytes]


@dataclass(slots=True)
class Envelope:
    """Command chaining, GET RESPONSE, 61xx and T=0's rules around an application."""

    application: Application
    t0: bool = False
    largest_answer: int = SHORT
    _pending: bytes = b""
    _chain: bytes = b""
    _chain_head: tuple[int, int, int] | None = field(default=None)

    def reset(self) -> None:
        self._pending = self._chain = b""
        self._chain_head = None

    def transmit(self, raw: bytes) -> bytes:
        try:
            data, word = self._answer(parse_apdu(raw, extended_too=not self.t0))
        except Status as status:
            data, word = b"", status.word
        return data + word.to_bytes(2, "big")

    def _answer(self, apdu: Apdu) -> tuple[bytes, int]:
        if apdu.cla & 0xE3:
            raise Status(NO_CLASS)
        if apdu.ins == 0xC0:
            return self._hand_out(apdu.le or SHORT)
        self._pending = b""
        whole = self._gathered(apdu)
        if whole is None:
            return b"", OK
        out = self.application(whole)
        self._pending = out
        if self.t0 and apdu.data and out:
            return b"", 0x6100 | (len(out) if len(out) < SHORT else 0)
        limit = 0x10000 if apdu.extended and apdu.le else self.largest_answer
        if not out:
            return b"", OK
        return self._hand_out(min(apdu.le or SHORT, limit))

    def _gathered(self, apdu: Apdu) -> Apdu | None:
        """The whole command once its last part is here."""
        head = (apdu.ins, apdu.p1, apdu.p2)
        before, known = self._chain, self._chain_head
        self._chain, self._chain_head = b"", None
        if known not in {None, head}:
            raise Status(LAST_EXPECTED)
        data = before + apdu.data
        if not apdu.cla & 0x10:
            return Apdu(apdu.cla, *head, data, apdu.le, apdu.extended)
        if len(data) > CHAIN_LIMIT:
            raise Status(NO_SPACE)
        self._chain, self._chain_head = data, head
        return None

    def _hand_out(self, count: int) -> tuple[bytes, int]:
        if not self._pending:
            raise Status(CONDITIONS)
        part, self._pending = self._pending[:count], self._pending[count:]
        left = len(self._pending)
        return part, (0x6100 | (left if left < SHORT else 0)) if left else OK


def tlv(tag: int, value: bytes) -> bytes:
    name = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    size = len(value)
    if size < 0x80:
        return name + bytes([size]) + value
    width = (size.bit_length() + 7) // 8
    return name + bytes([0x80 | width]) + size.to_bytes(width, "big") + value


def parse_tlv(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    try:
        while at < len(data):
            tag, at = data[at], at + 1
            if tag & 0x1F == 0x1F:
                while True:
                    tag, at = tag << 8 | data[at], at + 1
                    if not tag & 0x80:
                        break
            size, at = data[at], at + 1
            if size & 0x80:
                width = size & 0x7F
                size, at = int.from_bytes(data[at : at + width], "big"), at + width
            if at + size > len(data):
                raise Status(WRONG_DATA)
            found[tag], at = data[at : at + size], at + size
    except IndexError:
        raise Status(WRONG_DATA) from None
    return found
