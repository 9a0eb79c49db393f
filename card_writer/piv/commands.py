"""The commands of the PIV application (SP 800-73-4 part 2, 3), each a dialogue."""

from dataclasses import dataclass
from typing import Final

from card_writer.card_edge import CardRefused, SecretKind
from card_writer.piv import tlv
from card_writer.piv.admin_key import AdminKey
from card_writer.piv.apdu import Command, Dialogue, send, unusable
from card_writer.piv.refusals import NOT_FOUND, UNKNOWN, require, require_secret, tries_left
from card_writer.secret import Secret
from card_writer.wrong_card import Mismatch, WrongCard

AID: Final = bytes.fromhex("A000000308")
"""The registered application provider's part and PIV's beginning (SP 800-73-4 part 1, 2.2)."""
PIN_OCTETS: Final = 8
VERIFY, CHANGE = 0x20, 0x24
PIN_REFERENCE: Final = 0x80
_PUK, _ADMIN = 0x81, 0x9B
_FILLER: Final = 0xFF
_UNPROVEN: Final = UNKNOWN | {NOT_FOUND, 0x6A80, 0x6985}
"""No such command, no key to prove with, or a key that was brought to the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What Yubico's extension tells of a PIN or key (its PIV firmware 5.3 and newer)."""

    algorithm: int
    tries_left: int | None


def select(aid: bytes = AID) -> Dialogue[None]:
    """Choose the PIV application, by the name it has here; rights given before are gone.

    Raises:
        WrongCard: the card has none of that name: it is of another kind.
    """
    answer = yield from send(Command(0xA4, 0x04, 0x00, aid))
    if answer.status == NOT_FOUND:
        raise WrongCard(
            message=f"the card has no application {aid.hex().upper()}: it is of another kind",
            next_step="put the right card in; its application's name is aid in the configuration",
            why=Mismatch.OTHER_KIND,
        )
    tlv.inner(require(answer, "choosing the PIV application"), 0x61)


def get_data(tag: bytes) -> Dialogue[bytes | None]:
    """The content of a data object; None when there is none."""
    command = Command(0xCB, 0x3F, 0xFF, tlv.encode(0x5C, tag))
    answer = yield from send(command)
    if answer.status == NOT_FOUND:
        return None
    return tlv.inner(require(answer, "reading an object"), 0x53) or None


def put_data(tag: bytes, content: bytes) -> Dialogue[None]:
    """Replace a data object; without content it is removed."""
    data = tlv.encode(0x5C, tag) + tlv.encode(0x53, content)
    answer = yield from send(Command(0xDB, 0x3F, 0xFF, data, answers=False))
    require(answer, "writing an object")


def tries() -> Dialogue[int | None]:
    """How many tries the PIN has left; None when the card tells nothing."""
    return tries_left((yield from send(Command(VERIFY, 0x00, PIN_REFERENCE, answers=False))))


def verify(pin: Secret) -> Dialogue[None]:
    """Prove the PIN.

    Raises:
        WrongSecret: it is wrong or blocked; one try was spent.
    """
    with _padded(pin) as padded:
        answer = yield from send(
            Command(VERIFY, 0x00, PIN_REFERENCE, padded.reveal(), answers=False)
        )
    require_secret(answer, SecretKind.PIN, "proving the PIN")


def change(which: SecretKind, *, old: Secret, new: Secret) -> Dialogue[None]:
    """Replace the PIN or the PUK.

    Raises:
        WrongSecret: the old one is wrong or blocked; one try was spent.
    """
    reference = PIN_REFERENCE if which is SecretKind.PIN else _PUK
    with _joined(old, new) as both:
        answer = yield from send(Command(CHANGE, 0x00, reference, both.reveal(), answers=False))
    require_secret(answer, which, f"replacing the {which.value}")


def reset_retry_counter(*, puk: Secret, new: Secret) -> Dialogue[None]:
    """Set a new PIN with the PUK.

    Raises:
        WrongSecret: the PUK is wrong or blocked; one try of it was spent.
    """
    with _joined(puk, new) as both:
        answer = yield from send(Command(0x2C, 0x00, PIN_REFERENCE, both.reveal(), answers=False))
    require_secret(answer, SecretKind.PUK, "setting a new PIN")


def generate(slot: int, algorithm: int) -> Dialogue[bytes]:
    """Make a key pair in ``slot``; the content of its public key object (7F49)."""
    control = tlv.encode(0xAC, tlv.encode(0x80, bytes([algorithm])))
    answer = yield from send(Command(0x47, 0x00, slot, control))
    return tlv.inner(require(answer, "making a key pair"), 0x7F49)


def sign(slot: int, algorithm: int, block: bytes) -> Dialogue[bytes]:
    """What the key makes of ``block``, which the host padded or hashed."""
    asked = tlv.encode(0x7C, tlv.encode(0x82, b"") + tlv.encode(0x81, block))
    answer = yield from send(Command(0x87, algorithm, slot, asked))
    return _response(require(answer, "signing"), 0x82)


def authenticate(admin: AdminKey, challenge: bytes) -> Dialogue[bool]:
    """Mutual authentication with the administration key (SP 800-73-4 part 2 A.1).

    False when the card takes another key. ``challenge`` is fresh and one block long.

    Raises:
        CardRefused: the card itself does not know the key, or has no such key.
    """
    algorithm = admin.algorithm.value
    ask = tlv.encode(0x7C, tlv.encode(0x80, b""))
    answer = yield from send(Command(0x87, algorithm, _ADMIN, ask))
    witness = _response(require(answer, "opening the administration"), 0x80)
    if len(witness) != admin.algorithm.block_octets:
        raise unusable("a witness of a wrong length")
    proof = tlv.encode(0x80, admin.decrypt(witness)) + tlv.encode(0x81, challenge)
    answer = yield from send(Command(0x87, algorithm, _ADMIN, tlv.encode(0x7C, proof)))
    if not answer.good:
        return False
    if _response(answer.data, 0x82) != admin.encrypt(challenge):
        raise CardRefused(
            message="the card does not hold the administration key it was opened with",
            next_step="do not use this card",
        )
    return True


def vendor_serial() -> Dialogue[int | None]:
    """Yubico's serial number, of firmware 5 and newer."""
    answer = yield from send(Command(0xF8, 0x00, 0x00))
    if answer.status in UNKNOWN:
        return None
    return int.from_bytes(require(answer, "reading the serial number"), "big") or None


def metadata(reference: int) -> Dialogue[Metadata | None]:
    """What the card tells of a PIN (80), PUK (81) or key, without any right.

    None when it does not know the command. A card that fails is not taken for one that never
    knew it: it would keep the administration key it was delivered with.
    """
    answer = yield from send(Command(0xF7, 0x00, reference))
    if answer.status in UNKNOWN:
        return None
    fields = tlv.decode(require(answer, "asking for what is known of a key"))
    counts = fields.get(0x06, b"")
    return Metadata(
        algorithm=int.from_bytes(fields.get(0x01, b""), "big"),
        tries_left=counts[1] if len(counts) > 1 else None,
    )


def attest(slot: int) -> Dialogue[bytes | None]:
    """A certificate (DER) which says that the key in ``slot`` was made on the card: Yubico's.

    None when the card knows no such command, or cannot say it of this key.
    """
    answer = yield from send(Command(0xF9, slot, 0x00))
    if answer.status in _UNPROVEN:
        return None
    return require(answer, "asking for a proof that the key was made on the card")


def set_admin_key(admin: AdminKey) -> Dialogue[bool]:
    """Replace the administration key, the present one being proven; false when it cannot be.

    It is Yubico's extension.
    """
    data = bytearray([admin.algorithm.value, _ADMIN, admin.algorithm.key_octets])
    data += admin.key.reveal()
    with Secret(data) as command:
        answer = yield from send(Command(0xFF, 0xFF, 0xFF, command.reveal(), answers=False))
    if answer.status in UNKNOWN:
        return False
    require(answer, "replacing the administration key")
    return True


def _response(octets: bytes, tag: int) -> bytes:
    found = tlv.decode(tlv.inner(octets, 0x7C)).get(tag)
    if not found:
        raise unusable("an empty answer to an authentication")
    return found


def filler(blocks: int) -> bytes:
    """As many blocks for a PIN, empty: a reader writes what is typed over them."""
    return bytes([_FILLER]) * (PIN_OCTETS * blocks)


def _padded(value: Secret) -> Secret:
    """Eight octets (SP 800-73-4 part 2, 2.4.3).

    Raises:
        CardRefused: it is empty or longer; nothing was sent.
    """
    if not 0 < len(value) <= PIN_OCTETS:
        raise CardRefused(
            message="a PIN or PUK has 1 to 8 octets", next_step="choose another; no try was spent"
        )
    return Secret(value.reveal() + bytearray([_FILLER] * (PIN_OCTETS - len(value))))


def _joined(first: Secret, second: Secret) -> Secret:
    with _padded(first) as one, _padded(second) as two:
        return Secret(one.reveal() + two.reveal())
