"""Where the next page begins, for the one who asked and for their question alone."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from issuance.desk import Desk
from pki.domain.errors import Malformed
from pki.domain.people import Operator

PLACE_OCTETS: Final = 16
_PURPOSE: Final = b"zorgid search cursor v1\0"
_MAC_OCTETS: Final = 16


def sealed(desk: Desk, operator: Operator, question: object, place: bytes) -> str:
    """`PLACE_OCTETS` under a MAC that names caller and question: of use to nobody else.

    ``question`` is a value whose `repr` says all that was asked, and no page.
    """
    octets = place + _mac(desk, operator, question, place)
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def opened(desk: Desk, operator: Operator, question: object, cursor: str) -> bytes:
    """The place that was sealed.

    Raises:
        Malformed: the cursor was not given to this operator for this question.
    """
    try:
        octets = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    place, mac = octets[:PLACE_OCTETS], octets[PLACE_OCTETS:]
    if not hmac.compare_digest(mac, _mac(desk, operator, question, place)):
        raise Malformed(
            what="cursor",
            message="the cursor is not one that was given for this search",
            next_step="search again from the beginning",
        )
    return place


def _mac(desk: Desk, operator: Operator, question: object, place: bytes) -> bytes:
    asked = repr((operator.id.value, question)).encode()
    message = _PURPOSE + hashlib.sha256(asked).digest() + place
    return hmac.digest(desk.salt, message, "sha256")[:_MAC_OCTETS]
