"""From what is to be said to the octets that say it: signed, and read back."""

from ocsp.answer import Composed, says_what_was_composed
from ocsp.credential import ResponderCredential
from pki.der.ocsp import (
    OcspResponse,
    encode_basic_response,
    encode_response_data,
    read_response,
)
from pki.domain.errors import SignatureBroken


async def signed(credential: ResponderCredential, composed: Composed, nonce: bytes | None) -> bytes:
    """The whole response, signed and read back.

    Raises:
        SignatureBroken: what was read back is not what was to be said.
    """
    data = encode_response_data(
        credential.key_hash,
        composed.this_update,
        composed.singles,
        nonce,
        extended_revoke=composed.extended_revoke,
    )
    signature = await credential.signer.sign(data)
    der = encode_basic_response(
        data, credential.signer.algorithm, signature, (credential.certificate,)
    )
    read = read_response(der)
    if (
        not isinstance(read, OcspResponse)
        or (read.tbs, read.signature) != (data, signature)
        or not says_what_was_composed(read, composed, nonce, credential.key_hash)
    ):
        raise SignatureBroken(
            message="an OCSP response did not read back as it was composed",
            next_step="this is a defect: keep the log and report it",
        )
    return der
