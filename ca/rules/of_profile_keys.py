"""What a profile may say of keys and signatures; a part of `ca.rules.of_profiles`."""

from collections.abc import Callable, Iterator
from typing import Final

from ca.profile import CA_KINDS, CertificateKind, Profile
from ca.settings import CaSettings, Installation
from pki.domain.algorithms import KeyType, SignatureAlgorithm

_FOR_LSP: Final = {CertificateKind.CARD, CertificateKind.OCSP_RESPONDER, *CA_KINDS}
_MOBIEL_CA: Final = "mobiel-ca"
"""Its certificates are shown to this system alone, which knows ECDSA."""
_EXPERIMENTAL_KEYS: Final = frozenset({KeyType.ED25519, KeyType.ML_DSA_65})
_EXPERIMENTAL_SIGNATURES: Final = frozenset(
    {SignatureAlgorithm.ED25519, SignatureAlgorithm.ML_DSA_65}
)


def _sizes(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    types = profile.key.types
    if not types or len(set(types)) != len(types):
        yield "key.types", "needs at least one, each once"
    if profile.kind in CA_KINDS and KeyType.RSA_2048 in types:
        yield "key.types", "a CA key has at least RSA 3072 or P-256"
    if profile.key.rsa_exponent not in {None, 65537}:
        yield "key.rsa_exponent", "can only be 65537"


def _signatures(profile: Profile, settings: CaSettings) -> Iterator[tuple[str, str]]:
    found = profile.signatures
    if not found or len(set(found)) != len(found):
        yield "signatures", "needs at least one algorithm, each once"
    practice = settings.installation is Installation.PRACTICE
    for_lsp = profile.kind in _FOR_LSP and profile.issuer != _MOBIEL_CA
    if for_lsp and set(found) != {SignatureAlgorithm.SHA256_RSA} and not practice:
        yield (
            "signatures",
            "must be sha256WithRSAEncryption outside practice: relying parties in care know it",
        )


def _experiments(profile: Profile, settings: CaSettings) -> Iterator[tuple[str, str]]:
    if settings.installation is not Installation.PRACTICE:
        if _EXPERIMENTAL_KEYS.intersection(profile.key.types):
            yield "key.types", "Ed25519 and ML-DSA are for practice only: few programs know them"
        if _EXPERIMENTAL_SIGNATURES.intersection(profile.signatures):
            yield "signatures", "Ed25519 and ML-DSA are for practice only: few programs know them"
    elif profile.kind not in CA_KINDS and _EXPERIMENTAL_KEYS.intersection(profile.key.types):
        yield "key.types", "Ed25519 and ML-DSA are for keys of CAs: no card and no TLS client"


KEY_RULES: Final[
    tuple[tuple[str, Callable[[Profile, CaSettings], Iterator[tuple[str, str]]]], ...]
] = (
    ("BR 6.1.5", _sizes),
    ("RFC 4055 5", _signatures),
    ("RFC 8410, RFC 9881", _experiments),
)
