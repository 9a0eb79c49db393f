"""Which mechanism of a token is used, and what its answers become."""

import pytest

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, SignatureBroken
from pki.keys.pkcs11.mechanisms import choose, finished


@pytest.mark.parametrize(
    ("raw", "broken"), [(b"", True), (b"\x01" * 63, True), (b"\x01" * 64, False)]
)
def test_ecdsa_answers_of_impossible_length(raw: bytes, *, broken: bool) -> None:
    if broken:
        with pytest.raises(SignatureBroken):
            finished(SignatureAlgorithm.ECDSA_SHA256, raw)
    else:
        assert finished(SignatureAlgorithm.ECDSA_SHA256, raw)[:1] == b"\x30"


def test_a_token_without_the_mechanism_is_refused() -> None:
    rsa = SignatureAlgorithm.SHA256_RSA
    assert choose(rsa, frozenset({"RSA_PKCS", "SHA256_RSA_PKCS"})) == "RSA_PKCS"
    assert choose(rsa, frozenset({"SHA256_RSA_PKCS"})) == "SHA256_RSA_PKCS"
    with pytest.raises(ConfigurationInvalid, match="cannot sign with"):
        choose(rsa, frozenset({"SHA512_RSA_PKCS"}))
