"""The long way: from what is to be said to the octets that say it, signed and read back."""

from ocsp.answer import Composed, says_what_was_composed
from ocsp.credential import ResponderCredential
from pki.der.ocsp import (
    OcspResponse,
    encode_basic_response,
    encode_response_data,
    read_response,
)
from pki.domain.errors import SignatureBroken


def response_data(
    credential: ResponderCredential, composed: Composed, nonce: bytes | None
) -> bytes:
    """What is to be signed."""
    return encode_response_data(
        credential.key_hash,
        composed.this_update,
        composed.singles,
        nonce,
        extended_revoke=composed.extended_revoke,
    )


async def signed(credential: ResponderCredential, composed: Composed, nonce: bytes | None) -> bytes:
    """The response, signed and read back.

    Raises:
        SignatureBroken: what was read back is not what was to be said.
    """
    data = response_data(credential, composed, nonce)
    signature = await credential.signer.sign(data)
    return read_back(credential, composed, nonce, (data, signature))


def read_back(
    credential: ResponderCredential,
    composed: Composed,
    nonce: bytes | None,
    parts: tuple[bytes, bytes],
) -> bytes:
    """The response around ResponseData and signature, once it says what was composed.

    Raises:
        SignatureBroken: what was read back is not what was to be said.
    """
    der, read = framed(credential, *parts)
    if not says_what_was_composed(read, composed, nonce, credential.key_hash):
        raise misread()
    return der


def framed(
    credential: ResponderCredential, data: bytes, signature: bytes
) -> tuple[bytes, OcspResponse]:
    """The whole response around signed ResponseData, and what it reads as.

    Raises:
        SignatureBroken: it does not hold exactly these octets.
    """
    algorithm, certificates = credential.signer.algorithm, (credential.certificate,)
    der = encode_basic_response(data, algorithm, signature, certificates)
    read = read_response(der)
    if not isinstance(read, OcspResponse):
        raise misread()
    found = (read.tbs, read.algorithm, read.signature, read.certificates)
    if found != (data, algorithm, signature, certificates):
        raise misread()
    return der, read


def misread() -> SignatureBroken:
    """What is raised when a response does not read back as it was made."""
    return SignatureBroken(
        message="an OCSP response did not read back as it was composed",
        next_step="this is a defect: keep the log and report it",
    )
