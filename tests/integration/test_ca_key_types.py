"""A Token CA with every kind of key: what it makes is verified by programs that are not ours."""

import asyncio
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from dilithium_py.ml_dsa import ML_DSA_65

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.practice import Moment, SigningCa, make_crl, make_root, make_subordinate
from ca.profile import Profile
from ca.rules.of_profiles import profile_problems
from conformance.java_judge import judged
from fixtures.signers import HOLDER, SETTINGS, signer
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import IssuerId
from pki.keys.checked import CheckedSigner
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.soft import SoftSigner, generate
from pki.ports import Signer, SystemClock, SystemEntropy

A = SignatureAlgorithm
CASES = {
    "rsa-3072": (KeyType.RSA_3072, A.SHA256_RSA),
    "rsa-4096": (KeyType.RSA_4096, A.SHA512_RSA),
    "pss-256": (KeyType.RSA_3072, A.SHA256_RSA_PSS),
    "pss-384": (KeyType.RSA_3072, A.SHA384_RSA_PSS),
    "pss-512": (KeyType.RSA_3072, A.SHA512_RSA_PSS),
    "p-256": (KeyType.P256, A.ECDSA_SHA256),
    "p-384": (KeyType.P384, A.ECDSA_SHA384),
    "ed25519": (KeyType.ED25519, A.ED25519),
    "ml-dsa": (KeyType.ML_DSA_65, A.ML_DSA_65),
}
IN_TOKENS = ("rsa-3072", "pss-256", "p-256", "p-384", "ed25519")
KNOWN = sorted(set(CASES) - {"ml-dsa"})
"""What OpenSSL 3.0, GnuTLS 3.7 and Java 17 can verify."""

NOW = SystemClock().now() - timedelta(minutes=1)
MOMENT = Moment(now=NOW, entropy=SystemEntropy())


def allowing(profile: Profile, algorithm: A, *types: KeyType) -> Profile:
    """The profile with another signature, and key types if any; sound by the rules of practice."""
    key = replace(profile.key, types=types or profile.key.types)
    changed = replace(profile, signatures=(algorithm,), key=key)
    assert not list(profile_problems(changed, settings=SETTINGS))
    return changed


async def make(profiles: Mapping[str, Profile], key: Signer, kind: KeyType, folder: Path) -> None:
    """A root, a Token CA over ``key``, a card, a responder and a CRL, as DER and PEM files."""
    ca = replace(profiles["token-ca"], key=replace(profiles["token-ca"].key, types=(kind,)))
    assert not list(profile_problems(ca, settings=SETTINGS))
    root_key = signer(KeyType.RSA_3072, "root")
    root = await make_root(profiles["root"], signer=root_key, moment=MOMENT)
    made = await make_subordinate(ca, signer=key, root=root, moment=MOMENT)
    authority = opened(made, root, profiles, key)
    public_key = signer(KeyType.RSA_2048, "card").public_key
    certificates = {
        "root": root.certificate,
        "token-ca": made.certificate,
        "card": await authority.sign(authority.prepare_card(HOLDER, public_key, NOW).tbs),
        "responder": await authority.sign(authority.prepare_responder(public_key, NOW).tbs),
    }
    for label, der in certificates.items():
        (folder / f"{label}.der").write_bytes(der)
        (folder / f"{label}.pem").write_text(DER_cert_to_PEM_cert(der))
    crl = await make_crl(made, number=1, now=NOW)
    (folder / "token.crl").write_bytes(crl)
    (folder / "token-crl.pem").write_bytes(x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM))


def opened(
    made: SigningCa, root: SigningCa, profiles: Mapping[str, Profile], key: Signer
) -> CertificationAuthority:
    return CertificationAuthority.open(
        IssuerId("token-ca-g1"),
        chain=(made.certificate, root.certificate),
        signer=key,
        profiles=AuthorityProfiles(
            ca=made.profile,
            person=allowing(profiles["card-rsa2048"], key.algorithm),
            responder=allowing(profiles["ocsp-responder"], key.algorithm),
        ),
        settings=SETTINGS,
        entropy=SystemEntropy(),
    )


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def openssl_verifies(folder: Path) -> None:
    """The card and the responder, and the CRL that the card is held against."""
    words = ("openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted")
    crl = ("-crl_check", "-CRLfile", "token-crl.pem")
    assert run(*words, "token-ca.pem", *crl, "card.pem", folder=folder) == "card.pem: OK\n"
    said = run(*words, "token-ca.pem", "responder.pem", folder=folder)
    assert said == "responder.pem: OK\n"


@pytest.fixture(scope="module")
def made(
    profiles: Mapping[str, Profile], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """A folder for each case, its key from an encrypted file."""
    folders, keys = {}, {}
    for label, (kind, algorithm) in CASES.items():
        folder = folders[label] = tmp_path_factory.mktemp(label)
        if kind not in keys:
            keys[kind] = folder / "key.pem"
            generate(kind, keys[kind], b"a passphrase of some length")
        key = SoftSigner.load(keys[kind], b"a passphrase of some length", algorithm)
        asyncio.run(make(profiles, CheckedSigner(key), kind, folder))
    return folders


@pytest.mark.openssl
@pytest.mark.parametrize("case", KNOWN)
def test_openssl_verifies(made: Mapping[str, Path], case: str) -> None:
    openssl_verifies(made[case])


@pytest.mark.certtool
@pytest.mark.parametrize("case", KNOWN)
def test_gnutls_verifies(made: Mapping[str, Path], case: str) -> None:
    folder = made[case]
    chain = [(folder / f"{label}.pem").read_text() for label in ("card", "token-ca", "root")]
    (folder / "chain.pem").write_text("".join(chain))
    words = ("certtool", "--verify", "--load-ca-certificate", "root.pem", "--infile", "chain.pem")
    said = run(*words, folder=folder)
    assert "Chain verification output: Verified. The certificate is trusted." in said


@pytest.mark.java
def test_java_verifies_all_of_them(made: Mapping[str, Path]) -> None:
    at = int(NOW.timestamp()) + 60
    folder, names = made[KNOWN[0]].parent, [made[case].name for case in KNOWN]
    cards = [f"path {at} {each}/token-ca.der {each}/token.crl {each}/card.der" for each in names]
    cas = [f"path {at} {each}/root.der - {each}/token-ca.der" for each in names]
    answers = judged([*cards, *cas], folder)
    assert [answer.split(",")[0] for answer in answers] == ["valid"] * len(answers)


@pytest.mark.softhsm
@pytest.mark.openssl
@pytest.mark.parametrize("case", IN_TOKENS)
async def test_the_same_with_a_key_in_a_token(
    profiles: Mapping[str, Profile], hsm_module: Pkcs11Module, tmp_path: Path, case: str
) -> None:
    kind, algorithm = CASES[case]
    key = KeyName(token="ca", key_id=f"end to end {case}".encode(), label=f"end to end {case}")
    ceremony.generate(hsm_module, key, kind)
    token_key = CheckedSigner(Pkcs11Signer.open(hsm_module, key, algorithm))
    await make(profiles, token_key, kind, tmp_path)
    openssl_verifies(tmp_path)


def test_another_program_verifies_ml_dsa(made: Mapping[str, Path]) -> None:
    """A second implementation of FIPS 204: no OpenSSL, GnuTLS or Java in Debian 12 knows it."""
    folder = made["ml-dsa"]
    ca = x509.load_der_x509_certificate((folder / "token-ca.der").read_bytes())
    key = ca.public_key().public_bytes_raw()  # type: ignore[union-attr] # an ML-DSA key has it
    card = x509.load_der_x509_certificate((folder / "card.der").read_bytes())
    assert card.signature_algorithm_oid.dotted_string == "2.16.840.1.101.3.4.3.18"
    crl = x509.load_der_x509_crl((folder / "token.crl").read_bytes())
    for message, signature in (
        (card.tbs_certificate_bytes, card.signature),
        (crl.tbs_certlist_bytes, crl.signature),
    ):
        assert ML_DSA_65.verify(key, message, signature)
        assert not ML_DSA_65.verify(key, message + b"!", signature)
