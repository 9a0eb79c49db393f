"""What is not released though the issuing key's signature over it is right."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ca.authority import CertificationAuthority
from ca.sign import sign_certificate
from fixtures.signers import EPOCH, HOLDER, KeySigner, signer
from pki.der.certificate import (
    CertificateContent,
    encode_tbs_certificate,
    read_certificate,
    read_issuer,
)
from pki.der.signed import assemble
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import KeyMismatch, Malformed, SignatureBroken

CARD_KEY = signer(KeyType.RSA_2048, "signed card").public_key


@pytest.fixture(scope="module")
def content(token_ca: CertificationAuthority) -> CertificateContent:
    tbs = token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs
    return read_certificate(assemble(tbs, SignatureAlgorithm.SHA256_RSA, bytes(384))).content


async def signed(token_ca: CertificationAuthority, content: CertificateContent) -> bytes:
    return await sign_certificate(
        encode_tbs_certificate(content),
        signer=token_ca.signer,
        issuer_certificate=token_ca.certificate,
    )


async def test_what_the_issuer_signed_is_released(
    token_ca: CertificationAuthority, content: CertificateContent
) -> None:
    assert read_certificate(await signed(token_ca, content)).content == content


@pytest.mark.parametrize(
    "change",
    [
        lambda content: replace(content, issuer_der=content.subject_der),
        lambda content: replace(content, issuer_der=b"\x30\x00"),
        lambda content: replace(content, algorithm=SignatureAlgorithm.SHA512_RSA),
        lambda content: replace(content, algorithm=SignatureAlgorithm.ECDSA_SHA256),
        lambda content: replace(content, algorithm=SignatureAlgorithm.SHA256_RSA_PSS),
    ],
)
async def test_another_issuer_or_algorithm_inside_is_not_released(
    token_ca: CertificationAuthority,
    content: CertificateContent,
    change: Callable[[CertificateContent], CertificateContent],
) -> None:
    with pytest.raises(SignatureBroken):
        await signed(token_ca, change(content))


async def test_another_key_does_not_sign(
    token_ca: CertificationAuthority, content: CertificateContent
) -> None:
    other = replace(token_ca, signer=signer(KeyType.RSA_3072, "root"))
    with pytest.raises(KeyMismatch):
        await signed(other, content)


@pytest.mark.parametrize(
    "said",
    [
        SignatureAlgorithm.SHA256_RSA_PSS,
        SignatureAlgorithm.SHA384_RSA,
        SignatureAlgorithm.ECDSA_SHA256,
        SignatureAlgorithm.ED25519,
    ],
)
async def test_a_key_that_signs_by_another_algorithm_than_it_says_is_found_out(
    token_ca: CertificationAuthority, content: CertificateContent, said: SignatureAlgorithm
) -> None:
    class Lying(KeySigner):
        __slots__ = ()

        @property
        def algorithm(self) -> SignatureAlgorithm:
            return said

    lying = Lying(key=signer(KeyType.RSA_3072, "token-ca").key)
    with pytest.raises(SignatureBroken):
        await signed(replace(token_ca, signer=lying), replace(content, algorithm=lying.algorithm))


@pytest.mark.parametrize("tbs", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x00", bytes(64)])
def test_what_begins_otherwise_names_no_issuer(tbs: bytes) -> None:
    with pytest.raises(Malformed):
        read_issuer(tbs)


def test_the_issuer_is_read_as_the_whole_reader_reads_it(content: CertificateContent) -> None:
    found = read_issuer(encode_tbs_certificate(content))
    assert found == (content.algorithm, content.issuer_der)
