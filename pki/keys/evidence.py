"""The evidence key: signs what an auditor verifies offline, as CMS with its chain in it."""

from datetime import datetime

from pki.der.cms import encode_signed_attributes, encode_signed_content
from pki.ports import Signer


class EvidenceKey:
    """One key with its certificate and that of the CA above it, up to but without the root."""

    def __init__(self, signer: Signer, chain: tuple[bytes, ...]) -> None:
        """Use ``signer``, which was checked against the first certificate (DER) of ``chain``."""
        self._signer = signer
        self._chain = chain

    async def sign(self, content: bytes, signed_at: datetime) -> bytes:
        """DER ContentInfo: SignedData with ``content`` inside (RFC 5652).

        Raises:
            SignerUnavailable, SignerBusy: the key cannot be used now; nothing was released.
            SignatureBroken: what came back does not verify.
        """
        attributes = encode_signed_attributes(
            content, certificate=self._chain[0], signed_at=signed_at
        )
        return encode_signed_content(
            content,
            attributes=attributes,
            algorithm=self._signer.algorithm,
            signature=await self._signer.sign(attributes),
            certificates=self._chain,
        )
