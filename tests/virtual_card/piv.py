"""A PIV card (SP 800-73-4 part 2) whose keys live in this process's memory: for tests only."""

import secrets
from dataclasses import dataclass, field

from virtual_card.apdu import (
    BLOCKED,
    NO_INSTRUCTION,
    NO_REFERENCE,
    NOT_ALLOWED,
    NOT_FOUND,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1_P2,
    Apdu,
    Envelope,
    Status,
    parse_tlv,
    tlv,
)
from virtual_card.maker import CardMaker, usual_maker
from virtual_card.piv_keys import AdminLock, Key, make_key, public_part, sign_raw

AID = bytes.fromhex("A000000308000010000100")
PIN, PUK = 0x80, 0x81
ADMIN = 0x9B
TRANSPORT_PIN, TRANSPORT_PUK = b"123456\xff\xff", b"12345678"
ATTESTER = "5fff01"
PIN_TO_READ = {"5fc103", "5fc108", "5fc109", "5fc121"}
CARDHOLDER = {0x9A, 0x9C, 0x9D, 0x9E}
KEY_REFERENCES = CARDHOLDER | set(range(0x82, 0x96)) | {0xF9}


@dataclass(slots=True)
class Held:
    """A PIN or PUK, padded to 8 octets, and its counter."""

    value: bytes
    left: int = 3
    most: int = 3

    def attempt(self, guess: bytes) -> None:
        """Counts first and compares after, so that pulling the card gains no try."""
        if self.left == 0:
            raise Status(BLOCKED)
        self.left -= 1
        if not secrets.compare_digest(self.value, guess):
            raise Status(0x63C0 | self.left)
        self.left = self.most


@dataclass(slots=True, kw_only=True)
class PivCard:
    """``vendor`` adds Yubico's instructions; ``digits_only`` is what the standard says of PINs.

    ``maker`` is who it attests keys by, if anybody.
    """

    vendor: bool = False
    digits_only: bool = False
    t0: bool = False
    pin: Held = field(default_factory=lambda: Held(TRANSPORT_PIN))
    puk: Held = field(default_factory=lambda: Held(TRANSPORT_PUK))
    lock: AdminLock = field(default_factory=AdminLock)
    objects: dict[str, bytes] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    vendor_serial: int = 20261122
    maker: CardMaker | None = field(default_factory=usual_maker)
    atr: bytes = b""
    selected: bool = False
    verified: bool = False
    fresh: bool = False
    envelope: Envelope = field(init=False)

    def __post_init__(self) -> None:
        self.envelope = Envelope(self._dispatch, t0=self.t0)
        self.atr = self.atr or _atr(b"TESTPIV1", t0=self.t0)

    def power_on(self) -> None:
        self.envelope.reset()
        self._deselect()

    def transmit(self, apdu: bytes) -> bytes:
        return self.envelope.transmit(apdu)

    def _deselect(self) -> None:
        self.selected = self.verified = self.fresh = False
        self.lock.close()

    def _dispatch(self, apdu: Apdu) -> bytes:
        if apdu.ins == 0xA4:
            return self._select(apdu)
        if not self.selected:
            raise Status(NO_INSTRUCTION)
        standard = {
            0xCB: self._get_data,
            0xDB: self._put_data,
            0x20: self._verify,
            0x24: self._change_reference,
            0x2C: self._reset_retry,
            0x47: self._generate,
            0x87: self._authenticate,
        }
        extra = {
            0xFD: self._version,
            0xF8: self._serial,
            0xF7: self._metadata,
            0xF9: self._attest,
            0xFF: self._set_key,
        }
        known = standard | extra if self.vendor else standard
        if apdu.ins not in known:
            raise Status(NO_INSTRUCTION)
        return known[apdu.ins](apdu)

    def _select(self, apdu: Apdu) -> bytes:
        if apdu.p1 != 4 or len(apdu.data) < 5 or not AID.startswith(apdu.data):
            raise Status(NOT_FOUND)
        self._deselect()
        self.selected = True
        return tlv(0x61, tlv(0x4F, AID[5:]) + tlv(0x79, tlv(0x4F, AID[:5])))

    def _get_data(self, apdu: Apdu) -> bytes:
        name = _object_name(apdu)
        if name == "7e":
            return tlv(0x7E, tlv(0x4F, AID) + tlv(0x5F2F, b"\x40\x00"))
        if name == ATTESTER and self.vendor and self.maker is not None:
            return tlv(0x53, tlv(0x70, self.maker.of_card) + tlv(0x71, b"\0") + tlv(0xFE, b""))
        if name in PIN_TO_READ and not self.verified:
            raise Status(NOT_ALLOWED)
        if name not in self.objects:
            raise Status(NOT_FOUND)
        return tlv(0x53, self.objects[name])

    def _put_data(self, apdu: Apdu) -> bytes:
        name = _object_name(apdu)
        self.lock.require_open()
        content = parse_tlv(apdu.data).get(0x53)
        if content is None:
            raise Status(WRONG_DATA)
        self.objects[name] = content
        if not content:
            del self.objects[name]
        return b""

    def _verify(self, apdu: Apdu) -> bytes:
        if apdu.p2 != PIN:
            raise Status(NO_REFERENCE)
        if not apdu.data:
            if self.verified:
                return b""
            raise Status(0x63C0 | self.pin.left if self.pin.left else BLOCKED)
        self.verified = self.fresh = False
        self._check_form(apdu.data)
        self.pin.attempt(apdu.data)
        self.verified = self.fresh = True
        return b""

    def _check_form(self, value: bytes) -> None:
        bare = value.rstrip(b"\xff")
        good = bare.isdigit() if self.digits_only else all(0x21 <= each <= 0x7E for each in bare)
        if len(value) != 8 or not 6 <= len(bare) <= 8 or not good:
            raise Status(WRONG_DATA)

    def _change_reference(self, apdu: Apdu) -> bytes:
        if apdu.p2 not in {PIN, PUK} or apdu.p1:
            raise Status(NO_REFERENCE)
        old, new = _halves(apdu.data)
        held = self.pin if apdu.p2 == PIN else self.puk
        if held is self.pin:
            self._check_form(new)
        held.attempt(old)
        held.value = new
        return b""

    def _reset_retry(self, apdu: Apdu) -> bytes:
        if apdu.p2 != PIN or apdu.p1:
            raise Status(NO_REFERENCE)
        old, new = _halves(apdu.data)
        self._check_form(new)
        self.puk.attempt(old)
        self.pin.value, self.pin.left = new, self.pin.most
        self.verified = False
        return b""

    def _generate(self, apdu: Apdu) -> bytes:
        self.lock.require_open()
        if apdu.p2 not in KEY_REFERENCES:
            raise Status(WRONG_P1_P2)
        asked = parse_tlv(parse_tlv(apdu.data).get(0xAC, b"")).get(0x80, b"")
        made = make_key(asked)
        self.keys[apdu.p2] = made
        return tlv(0x7F49, public_part(made))

    def _authenticate(self, apdu: Apdu) -> bytes:
        asked = parse_tlv(parse_tlv(apdu.data).get(0x7C, b""))
        if apdu.p2 == ADMIN:
            return self.lock.authenticate(apdu.p1, asked)
        key = self.keys.get(apdu.p2)
        if key is None:
            raise Status(NO_REFERENCE)
        allowed = self.fresh if apdu.p2 == 0x9C else self.verified or apdu.p2 == 0x9E
        self.fresh = False
        if not allowed:
            raise Status(NOT_ALLOWED)
        if apdu.p1 != key.algorithm or asked.get(0x82) != b"" or 0x81 not in asked:
            raise Status(WRONG_DATA)
        return tlv(0x7C, tlv(0x82, sign_raw(key, asked[0x81])))

    def _version(self, apdu: Apdu) -> bytes:
        return b"\x05\x04\x03"

    def _serial(self, apdu: Apdu) -> bytes:
        return self.vendor_serial.to_bytes(4, "big")

    def _metadata(self, apdu: Apdu) -> bytes:
        if apdu.p2 in {PIN, PUK}:
            held, usual = (self.pin, TRANSPORT_PIN) if apdu.p2 == PIN else (self.puk, TRANSPORT_PUK)
            default = bytes([held.value == usual])
            return tlv(1, b"\xff") + tlv(5, default) + tlv(6, bytes([held.most, held.left]))
        if apdu.p2 == ADMIN:
            known = bytes([self.lock.is_transport])
            return tlv(1, bytes([self.lock.algorithm])) + tlv(2, b"\0\1") + tlv(5, known)
        key = self.keys.get(apdu.p2)
        if key is None:
            raise Status(NO_REFERENCE)
        policy = tlv(2, b"\x02\x01") + tlv(3, b"\x01")
        return tlv(1, bytes([key.algorithm])) + policy + tlv(4, public_part(key))

    def _attest(self, apdu: Apdu) -> bytes:
        if self.maker is None:
            raise Status(NOT_FOUND)
        if apdu.p1 not in self.keys:
            raise Status(NO_REFERENCE)
        public = self.keys[apdu.p1].private.public_key()
        return self.maker.proof(public, slot=apdu.p1, device=self.vendor_serial)

    def _set_key(self, apdu: Apdu) -> bytes:
        self.lock.replace(apdu.data)
        return b""


def _object_name(apdu: Apdu) -> str:
    if (apdu.p1, apdu.p2) != (0x3F, 0xFF):
        raise Status(WRONG_P1_P2)
    name = parse_tlv(apdu.data).get(0x5C)
    if not name:
        raise Status(WRONG_DATA)
    return name.hex()


def _halves(data: bytes) -> tuple[bytes, bytes]:
    if len(data) != 16:
        raise Status(WRONG_LENGTH)
    return data[:8], data[8:]


def _atr(historical: bytes, *, t0: bool) -> bytes:
    """Names T=0, or T=0 and T=1 with the check octet that goes with it (ISO 7816-3 8.2)."""
    if t0:
        return bytes([0x3B, len(historical)]) + historical
    body = bytes([0x80 | len(historical), 0x80, 0x01]) + historical
    check = 0
    for octet in body:
        check ^= octet
    return b"\x3b" + body + bytes([check])
