"""What a pass or a card signs when it proves itself."""

from typing import Final

from pki.domain.identifiers import ChallengeId
from pki.domain.records import ChallengePurpose

DOMAIN: Final = b"ZORG-ID challenge v1"
NONCE_OCTETS: Final = 32


def challenge_message(
    purpose: ChallengePurpose, *, audience: str, challenge_id: ChallengeId, nonce: bytes
) -> bytes:
    """The octets to sign: domain, purpose, audience, challenge id and nonce, a zero octet between.

    No field but the last can hold a zero octet, so no two challenges share a message. ``audience``
    is the TLS name of the server as the client verified it: a signature obtained by another server
    is of no use here.
    """
    parts = (DOMAIN, purpose.value.encode(), audience.lower().encode("idna"))
    return b"\0".join((*parts, challenge_id.value.encode(), nonce))
