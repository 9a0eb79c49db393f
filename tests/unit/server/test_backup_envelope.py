"""The encrypted file: only whole, only for its recipients."""

import io
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from made.backups import certified, recipient, recipient_key, sealed
from pki.domain.errors import IntegrityBroken, KeyMismatch, Malformed
from pki.ports import SystemEntropy
from server.commands.backup.envelope import CONTENT_MAX, Envelope, EnvelopeWriter, rsa_key_of

CONTENT = bytes(range(256)) * 3


def opened(octets: bytes, name: str = "a") -> bytes:
    return b"".join(Envelope(io.BytesIO(octets), recipient_key(name)).chunks())


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 255, 256, 65_535, 65_536, (1 << 20) + 1])
def test_what_was_sealed_is_opened(size: int) -> None:
    content = SystemEntropy().octets(size)
    assert opened(sealed(content, "a")) == content


def test_each_recipient_opens_it_and_no_one_else() -> None:
    octets = sealed(CONTENT, "a", "b")
    assert opened(octets, "a") == opened(octets, "b") == CONTENT
    with pytest.raises(KeyMismatch, match="not encrypted to this key"):
        opened(octets, "c")


def test_content_is_not_in_it_and_no_two_are_alike() -> None:
    first, second = sealed(CONTENT, "a"), sealed(CONTENT, "a")
    assert CONTENT[:16] not in first
    assert first != second


def test_no_octet_can_be_changed_unnoticed() -> None:
    octets = sealed(CONTENT, "a")
    name = recipient("a").issuer.public_bytes()
    spared = range(octets.index(name), octets.index(name) + len(name) + 24)
    for place in range(len(octets)):
        changed = bytearray(octets)
        changed[place] ^= 0x01
        try:
            found = opened(bytes(changed))
        except (Malformed, IntegrityBroken, KeyMismatch):
            continue
        # Who a recipient is called does not matter: the key is tried.
        assert found == CONTENT
        assert place in spared


@pytest.mark.parametrize(
    "cut",
    [lambda octets: octets[:-1], lambda octets: octets[: len(octets) // 2], lambda o: o + b"\0"],
)
def test_cut_off_or_joined_is_said_before_anything_is_decrypted(
    cut: Callable[[bytes], bytes],
) -> None:
    with pytest.raises(IntegrityBroken, match="cut off or joined"):
        Envelope(io.BytesIO(cut(sealed(CONTENT, "a"))), recipient_key("a"))


@pytest.mark.parametrize("octets", [b"", b"0", b"\x30\x80", b"PK\x03\x04" * 100, bytes(1000)])
def test_another_file_is_not_a_backup(octets: bytes) -> None:
    with pytest.raises(Malformed, match="not a file made by zorgid backup"):
        opened(octets)


def test_content_is_as_long_as_announced() -> None:
    def writer(size: int) -> EnvelopeWriter:
        entropy = SystemEntropy()
        return EnvelopeWriter(io.BytesIO(), recipients=[recipient("a")], size=size, entropy=entropy)

    with pytest.raises(IntegrityBroken):
        writer(3).write(b"four")
    with pytest.raises(IntegrityBroken):
        writer(3).finish()
    with pytest.raises(Malformed, match="more than one encrypted file may hold"):
        writer(CONTENT_MAX + 1)


def test_only_rsa_of_2048_bit_receives() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- it is refused
    assert rsa_key_of(certified("weak", weak)) is None
    assert rsa_key_of(certified("ec", ec.generate_private_key(ec.SECP256R1()))) is None
    assert rsa_key_of(recipient("a")) is not None
