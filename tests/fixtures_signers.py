"""Signers over keys in memory, and a CA hierarchy that all tests of one run share."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.practice import Moment, SigningCa, make_root, make_subordinate
from ca.profile import Profile
from ca.profiles import load_profiles
from ca.settings import CaSettings, Installation
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import IssuerId, Ura, UziNumber
from pki.domain.people import PersonName
from pki.domain.records import PassHolder
from pki.domain.uzi import PassType, UziName
from pki.ports import SystemEntropy

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

PROFILES = Path(__file__).resolve().parents[1] / "config" / "profiles"
EPOCH = datetime(2026, 11, 22, 10, 30, 15, 250_000, tzinfo=UTC)
SETTINGS = CaSettings(
    installation=Installation.PRACTICE,
    operator="ZORG-ID PRACTICE",
    oid_arc="1.3.6.1.4.1.32473.2026",
    base_url="http://status.example.com",
)
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """A `pki.ports.Signer` over a private key in memory: SHA-256, PKCS #1 v1.5 or ECDSA."""

    key: PrivateKey

    @property
    def algorithm(self) -> SignatureAlgorithm:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return SignatureAlgorithm.SHA256_RSA
        return SignatureAlgorithm.ECDSA_SHA256

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    async def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, PKCS1v15(), SHA256())
        return self.key.sign(message, ec.ECDSA(SHA256()))

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def signer(kind: KeyType, label: str) -> KeySigner:
    """The same key for the same label throughout the run: RSA keys take their time."""
    del label
    if kind is KeyType.P256:
        return KeySigner(key=ec.generate_private_key(ec.SECP256R1()))
    if kind is KeyType.P384:
        return KeySigner(key=ec.generate_private_key(ec.SECP384R1()))
    return KeySigner(key=rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[kind]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Root, Token CA and Services CA with small keys, made by the shipped profiles."""

    root: SigningCa
    token_ca: SigningCa
    services_ca: SigningCa
    profiles: Mapping[str, Profile]
    settings: CaSettings


@pytest.fixture(scope="session")
def profiles() -> Mapping[str, Profile]:
    return load_profiles(PROFILES, settings=SETTINGS)


@pytest.fixture(scope="session")
def hierarchy(profiles: Mapping[str, Profile]) -> Hierarchy:
    return asyncio.run(make_hierarchy(profiles, now=EPOCH))


async def make_hierarchy(profiles: Mapping[str, Profile], *, now: datetime) -> Hierarchy:
    """The same keys each time; the certificates are made at ``now``."""
    moment = Moment(now=now, entropy=SystemEntropy())
    root = await make_root(profiles["root"], signer=signer(KeyType.RSA_3072, "root"), moment=moment)
    token_ca = await make_subordinate(
        profiles["token-ca"],
        signer=signer(KeyType.RSA_3072, "token-ca"),
        root=root,
        moment=moment,
    )
    services_ca = await make_subordinate(
        profiles["services-ca"],
        signer=signer(KeyType.P256, "services-ca"),
        root=root,
        moment=moment,
    )
    return Hierarchy(
        root=root,
        token_ca=token_ca,
        services_ca=services_ca,
        profiles=profiles,
        settings=SETTINGS,
    )


HOLDER = PassHolder(
    uzi_name=UziName(
        oid_ca="2.16.528.1.1007.99.218",
        uzi_number=UziNumber("900021219"),
        pass_type=PassType.MEDEWERKER_OP_NAAM,
        ura=Ura("90000382"),
    ),
    name=PersonName(
        surname="van der Prœuve", given_names="Anne Zoë", common_name="Anne Zoë van der Prœuve"
    ),
    organisation_name="Tést Zorginstelling 03",
    certificate_sha256=bytes(32),
    not_after=EPOCH,
)


def open_token_ca(hierarchy: Hierarchy, *, card: str = "card-rsa2048") -> CertificationAuthority:
    """The Token CA of a hierarchy, ready to issue cards of one profile."""
    profiles = hierarchy.profiles
    return CertificationAuthority.open(
        IssuerId("token-ca-g1"),
        chain=(hierarchy.token_ca.certificate, hierarchy.root.certificate),
        signer=hierarchy.token_ca.signer,
        profiles=AuthorityProfiles(
            ca=profiles["token-ca"], person=profiles[card], responder=profiles["ocsp-responder"]
        ),
        settings=hierarchy.settings,
        entropy=SystemEntropy(),
    )


@pytest.fixture(scope="session")
def token_ca(hierarchy: Hierarchy) -> CertificationAuthority:
    return open_token_ca(hierarchy)
