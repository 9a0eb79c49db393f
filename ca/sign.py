"""Signing: exactly the bytes that were prepared, and nothing leaves unread."""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_der_x509_certificate, load_der_x509_crl

from pki.der.certificate import read_certificate, read_issuer
from pki.der.crl import read_crl
from pki.der.signed import SignedParts, assemble, split
from pki.domain.errors import KeyMismatch, Malformed, SignatureBroken
from pki.ports import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """A CA's certificate by two readers; ``public_key`` is DER SubjectPublicKeyInfo."""

    certificate: Certificate
    key: object
    name_der: bytes
    public_key: bytes


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
        _verify(back, der, issuer_certificate or der)
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


def _verify(back: SignedParts, der: bytes, issuer_certificate: bytes) -> None:
    """Raise unless the certificate names this issuer and the issuer's key signed it."""
    certificate = load_der_x509_certificate(der)
    issuer = _loaded(issuer_certificate)
    if not isinstance(issuer.key, RSAPublicKey):
        certificate.verify_directly_issued_by(issuer.certificate)
        return
    # The same, without reading the issuer's key anew: that takes longer than the verifying.
    algorithm, name = read_issuer(back.tbs)
    if algorithm is not back.algorithm or name != issuer.name_der:
        raise ValueError("another algorithm, or another issuer's name")
    padding = certificate.signature_algorithm_parameters
    digest = certificate.signature_hash_algorithm
    if digest is None or not isinstance(padding, PKCS1v15 | PSS):
        raise UnsupportedAlgorithm("not a signature by an RSA key")
    issuer.key.verify(back.signature, back.tbs, padding, digest)


def _refuse_difference(what: str, *, sent: tuple[bytes, bytes], back: tuple[bytes, bytes]) -> None:
    if sent != back:
        raise _broken(what)


def _refuse_foreign_key(signer: Signer, issuer_certificate: bytes | None) -> None:
    if issuer_certificate is None:
        return
    if _loaded(issuer_certificate).public_key != signer.public_key:
        raise KeyMismatch(
            message="the signing key does not belong to the issuing CA's certificate",
            next_step="compare the key file with the certificate file",
        )


@lru_cache(maxsize=16)
def _loaded(issuer_certificate: bytes) -> _Loaded:
    """One CA signs many certificates."""
    certificate = load_der_x509_certificate(issuer_certificate)
    content = read_certificate(issuer_certificate).content
    return _Loaded(
        certificate=certificate,
        key=certificate.public_key(),
        name_der=content.subject_der,
        public_key=content.public_key,
    )


def _broken(what: str) -> SignatureBroken:
    return SignatureBroken(
        message=f"a signed {what} did not verify or was changed on its way; it was not released",
        next_step="stop issuing with this key and examine the key store",
    )
