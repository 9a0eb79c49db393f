"""Signing: exactly the bytes that were prepared, and nothing leaves unread."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate, load_der_x509_crl

from pki.der.certificate import read_certificate
from pki.der.crl import read_crl
from pki.der.signed import assemble, split
from pki.domain.errors import KeyMismatch, Malformed, SignatureBroken
from pki.ports import Signer


async def sign_certificate(
    tbs: bytes, *, signer: Signer, issuer_certificate: bytes | None
) -> bytes:
    """The whole certificate: ``tbs`` signed, read back, compared byte for byte and verified.

    ``issuer_certificate`` is DER; None for a root that signs itself.

    Raises:
        KeyMismatch: the signer's key is not the issuer's.
        SignatureBroken: what came back does not verify or is not what was sent; it must not leave.
        SignerUnavailable, SignerBusy: the key cannot be used now; nothing was signed.
    """
    _refuse_foreign_key(signer, issuer_certificate)
    signature = await signer.sign(tbs)
    der = assemble(tbs, signer.algorithm, signature)
    try:
        # What is in ``tbs`` was linted; here it counts that these very octets were signed.
        back = split(der, "certificate")
        issuer = (
            _loaded(issuer_certificate) if issuer_certificate else load_der_x509_certificate(der)
        )
        load_der_x509_certificate(der).verify_directly_issued_by(issuer)
    except (Malformed, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise _broken("certificate") from error
    _refuse_difference("certificate", sent=(tbs, signature), back=(back.tbs, back.signature))
    return der


async def sign_crl(tbs: bytes, *, signer: Signer, issuer_certificate: bytes) -> bytes:
    """The whole CRL, handled as `sign_certificate` does.

    Raises:
        KeyMismatch, SignatureBroken, SignerUnavailable, SignerBusy: as there.
    """
    _refuse_foreign_key(signer, issuer_certificate)
    signature = await signer.sign(tbs)
    der = assemble(tbs, signer.algorithm, signature)
    try:
        key = load_der_x509_certificate(issuer_certificate).public_key()
        crl_there = load_der_x509_crl(der)
        verified = crl_there.is_signature_valid(key)  # type: ignore[arg-type] # else TypeError
        crl = read_crl(der)
    except (Malformed, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _broken("CRL") from error
    if not verified:
        raise _broken("CRL")
    _refuse_difference("CRL", sent=(tbs, signature), back=(crl.tbs, crl.signature))
    return der


def _refuse_difference(what: str, *, sent: tuple[bytes, bytes], back: tuple[bytes, bytes]) -> None:
    if sent != back:
        raise _broken(what)


def _refuse_foreign_key(signer: Signer, issuer_certificate: bytes | None) -> None:
    if issuer_certificate is None:
        return
    if _public_key_of(issuer_certificate) != signer.public_key:
        raise KeyMismatch(
            message="the signing key does not belong to the issuing CA's certificate",
            next_step="compare the key file with the certificate file",
        )


@lru_cache(maxsize=16)
def _loaded(issuer_certificate: bytes) -> Certificate:
    return load_der_x509_certificate(issuer_certificate)


@lru_cache(maxsize=16)
def _public_key_of(issuer_certificate: bytes) -> bytes:
    """One CA signs many certificates."""
    return read_certificate(issuer_certificate).content.public_key


def _broken(what: str) -> SignatureBroken:
    return SignatureBroken(
        message=f"a signed {what} did not verify or was changed on its way; it was not released",
        next_step="stop issuing with this key and examine the key store",
    )
