"""Serial numbers: unpredictable, and of a form that every relying party reads alike."""

from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import (
    ISSUED_SERIAL_LIMIT,
    ISSUED_SERIAL_MIN,
    SERIAL_OCTETS,
    SerialNumber,
)
from pki.ports import Entropy

_ATTEMPTS = 128


def new_serial(entropy: Entropy) -> SerialNumber:
    """Draw evenly from [2^156, 2^159): 20 octets, positive, first hexadecimal digit 1 to 7.

    RFC 5280 4.1.2.2 asks for at most 20 octets and a positive number; some relying parties read the
    hexadecimal text as signed, so its first digit stays below 8. Drawing again instead of setting
    bits
    keeps every serial equally likely: at least 158 unpredictable bits are left.

    Raises:
        IntegrityBroken: the source of randomness does not behave like one.
    """
    for _ in range(_ATTEMPTS):
        value = int.from_bytes(entropy.octets(SERIAL_OCTETS), "big") & (ISSUED_SERIAL_LIMIT - 1)
        if value >= ISSUED_SERIAL_MIN:
            return SerialNumber(value)
    raise IntegrityBroken(
        message=f"the source of randomness gave no usable serial number in {_ATTEMPTS} draws",
        next_step="stop issuing and examine the random source of this computer",
    )
