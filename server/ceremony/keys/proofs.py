"""What a transcript says of a token's keys and of the media of their backup, checked offline."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ca.ceremony.custody import Custody, KeptKey, Medium
from ca.ceremony.state import State
from ca.ceremony.transcript import Kind
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.trust.signatures import verify_signature

PROOF_CONTEXT: Final = b"ZORG-ID ceremony proof v1\0"
"""No certificate, CRL or OCSP response begins like this, so a proof can never be one of them."""


def proof_message(digest: bytes, label: str, nonce: bytes) -> bytes:
    """What a key signs to prove that it is there: of this plan, of this label, never twice."""
    return PROOF_CONTEXT + digest + hashlib.sha256(label.encode()).digest() + nonce


def custody_findings(custody: Custody, digest: bytes, state: State) -> Iterator[str]:
    """What does not hold; ``digest`` is the plan's."""
    proofs = [line.data for line in state.of(Kind.PROVEN)]
    for key in custody.keys:
        if not any(_proves(data, key, digest) for data in proofs):
            yield f"nothing proves that key {key.label} was in the token"
    media = {line.data.get("medium"): line.data for line in state.of(Kind.MEDIUM)}
    for medium in custody.media:
        data = media.get(medium.name)
        if data is None or not _agrees(data, medium):
            yield f"medium {medium.name} is not in the transcript as the plan has it"


def _proves(data: Mapping[str, Any], key: KeptKey, digest: bytes) -> bool:
    try:
        public_key, nonce = bytes.fromhex(data["public_key"]), bytes.fromhex(data["nonce"])
        return (
            data["label"] == key.label
            and hashlib.sha256(public_key).hexdigest() == key.public_key_sha256
            and verify_signature(
                public_key,
                SignatureAlgorithm(data["algorithm"]),
                proof_message(digest, key.label, nonce),
                bytes.fromhex(data["signature"]),
            )
        )
    except (KeyError, TypeError, ValueError, Malformed):
        return False


def _agrees(data: Mapping[str, Any], medium: Medium) -> bool:
    planned = {
        "holder": medium.holder,
        "form": medium.form.value,
        "serial": medium.serial,
        "sha256": medium.sha256,
        "seal": medium.seal,
    }
    return all(data.get(name) == value for name, value in planned.items() if value is not None)
