"""A running installation with one certificate in every situation that a relying party can meet."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)

from conformance.known import Known
from installed.practice import Practice, employee
from installed.program import fetched, until
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import (
    IssuerId,
)
from pki.domain.reasons import BlockReason, RevokeReason
from pki.keys.soft import generate
from pki.ports import SystemClock
from pki.store.writing import Store
from server.initialise import ADMINISTRATOR

SITUATIONS: Final[Mapping[str, str]] = {
    "good": "good",
    "blocked": "blocked",
    "revoked": "revoked (keyCompromise)",
    "never": "never issued",
    "expired": "expired, was good",
    "late": "expired, was revoked",
    "second": "generation 2, good",
    "withdrawn": "generation 2, revoked",
    "foreign": "a generation not served",
}
"""Short name of a situation, and what it is called in the document."""

TOKEN_CA: Final = IssuerId("token-ca-g1")
SECOND_CA: Final = IssuerId("token-ca-g2")
CRL: Final = "zorg-id-token-ca"
SECOND_CRL: Final = "zorg-id-token-ca-g2"
SECOND_TABLE: Final = f"""
[[token_ca]]
id = "{SECOND_CA}"
name = "ZORG-ID Token CA"
certificate = "ca/{SECOND_CA}.pem"
published_as = "{SECOND_CRL}"
key = {{ file = "keys/{SECOND_CA}.pem", passphrase_file = "secrets/passphrase" }}
state = "answers"
"""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A certificate with the CA that issued it, PEM, and the name of the CRL it points to."""

    name: str
    certificate: Path
    issuer: Path
    crl: str


@dataclass(frozen=True, kw_only=True)
class House:
    """Files for programs that are not ours; the server is the real one."""

    practice: Practice
    folder: Path
    cards: Mapping[str, Asked]

    @property
    def root(self) -> Path:
        return self.practice.layout.certificate("root")

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def crl(self, name: str) -> bytes:
        """A CRL as it is served, DER."""
        return fetched(f"{self.practice.base_url}/crl/{name}.crl")


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def signing_key(practice: Practice, name: str, secret: str) -> rsa.RSAPrivateKey:
    """A CA's key, straight from its file."""
    passphrase = practice.layout.secret(secret).read_bytes().strip()
    key = load_pem_private_key(practice.layout.key(name).read_bytes(), passphrase)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def derived(
    like: x509.Certificate,
    issuer: x509.Certificate,
    key: rsa.RSAPrivateKey,
    *,
    public_key: rsa.RSAPublicKey | None = None,
    serial: int | None = None,
    years_ago: int = 0,
    crl: str = CRL,
) -> x509.Certificate:
    """The same certificate with another serial, key or dates, by another builder."""
    own = public_key or like.public_key()
    assert isinstance(own, rsa.RSAPublicKey)
    before = timedelta(days=365 * years_ago)
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial or x509.random_serial_number())
        .issuer_name(issuer.subject)
        .subject_name(like.subject)
        .not_valid_before(like.not_valid_before_utc - before)
        .not_valid_after(like.not_valid_after_utc - before)
        .public_key(own)
    )
    for extension in like.extensions:
        value: x509.ExtensionType = extension.value
        match value:
            case x509.SubjectKeyIdentifier():
                value = x509.SubjectKeyIdentifier.from_public_key(own)
            case x509.AuthorityKeyIdentifier():
                above = issuer.public_key()
                assert isinstance(above, rsa.RSAPublicKey)
                value = x509.AuthorityKeyIdentifier.from_issuer_public_key(above)
            case x509.CRLDistributionPoints() | x509.AuthorityInformationAccess() if crl != CRL:
                value = _elsewhere(value, crl)
            case _:
                pass
        builder = builder.add_extension(value, critical=extension.critical)
    return builder.sign(key, hashes.SHA256())


def _elsewhere(
    value: x509.CRLDistributionPoints | x509.AuthorityInformationAccess, crl: str
) -> x509.ExtensionType:
    """The same addresses with the name of another generation."""
    if isinstance(value, x509.CRLDistributionPoints):
        [where] = value[0].full_name or []
        moved = x509.UniformResourceIdentifier(where.value.replace(f"{CRL}.", f"{crl}."))
        return x509.CRLDistributionPoints([x509.DistributionPoint([moved], None, None, None)])
    return x509.AuthorityInformationAccess(
        x509.AccessDescription(
            each.access_method,
            x509.UniformResourceIdentifier(
                each.access_location.value.replace(f"{CRL}.", f"{crl}.")
            ),
        )
        for each in value
    )


def add_generation(practice: Practice) -> None:
    """A second Token CA of the same name, before the server starts."""
    layout = practice.layout
    passphrase = layout.secret("passphrase").read_bytes().strip()
    generate(KeyType.RSA_3072, layout.key(SECOND_CA.value), passphrase)
    _, ca, root, root_key = _hierarchy(practice)
    public_key = signing_key(practice, SECOND_CA.value, "passphrase").public_key()
    made = derived(ca, root, root_key, public_key=public_key)
    layout.certificate(SECOND_CA.value).write_bytes(pem(made))
    with practice.config.open("a", encoding="utf-8") as file:
        file.write(SECOND_TABLE)


def _hierarchy(
    practice: Practice,
) -> tuple[Path, x509.Certificate, x509.Certificate, rsa.RSAPrivateKey]:
    """The Token CA as a file, and read; the root with its key."""
    path = practice.layout.certificate(TOKEN_CA.value)
    ca, root = (
        x509.load_pem_x509_certificate(each.read_bytes())
        for each in (path, practice.layout.certificate("root"))
    )
    return path, ca, root, signing_key(practice, "root", "root-passphrase")


def furnish(practice: Practice, folder: Path) -> House:
    """Make every situation beside the running server; the CRLs show them when this returns."""
    ca_pem, ca, root, root_key = _hierarchy(practice)
    key = signing_key(practice, TOKEN_CA.value, "passphrase")
    live = asyncio.run(_live(practice))
    like = live["good"]
    first = live | {
        "never": derived(like, ca, key),
        "expired": derived(like, ca, key, years_ago=4),
        "late": derived(like, ca, key, years_ago=4),
    }
    second_pem = practice.layout.certificate(SECOND_CA.value)
    second_ca = x509.load_pem_x509_certificate(second_pem.read_bytes())
    second_key = signing_key(practice, SECOND_CA.value, "passphrase")
    second = {
        name: derived(like, second_ca, second_key, crl=SECOND_CRL)
        for name in ("second", "withdrawn")
    }
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    foreign_ca = derived(ca, root, root_key, public_key=stranger.public_key())
    foreign_pem = folder / "foreign-ca.pem"
    foreign_pem.write_bytes(pem(foreign_ca))
    serial = live["revoked"].serial_number
    foreign = derived(like, foreign_ca, stranger, serial=serial)
    _record_all(practice, first | second)
    files = {name: _asked(folder, name, each, ca_pem) for name, each in first.items()}
    for name, each in second.items():
        files[name] = _asked(folder, name, each, second_pem, SECOND_CRL)
    files["foreign"] = _asked(folder, "foreign", foreign, foreign_pem)
    house = House(practice=practice, folder=folder, cards=files)
    listed = {first[name].serial_number for name in ("blocked", "revoked", "late")}
    until(lambda: listed <= _on_crl(house, CRL), "the CRL lists what it must")
    listed_too = {second["withdrawn"].serial_number}
    until(lambda: listed_too <= _on_crl(house, SECOND_CRL), "so does that of generation 2")
    return house


def _record_all(practice: Practice, made: Mapping[str, x509.Certificate]) -> None:
    """Write down what was not made at a desk, and what became of it."""
    store = Store.open(f"sqlite:///{practice.layout.store}", clock=SystemClock())
    try:
        for number, name in enumerate(("expired", "late", "second", "withdrawn"), 1):
            issuer = TOKEN_CA if name in {"expired", "late"} else SECOND_CA
            known = Known(certificate=made[name], number=number, issuer=issuer)
            store.write_sync(known.record)
            if name in {"late", "withdrawn"}:
                store.write_sync(known.revoke)
    finally:
        store.close_sync()


def _on_crl(house: House, name: str) -> set[int]:
    crl = x509.load_der_x509_crl(house.crl(name))
    return {each.serial_number for each in crl}


def _asked(
    folder: Path, name: str, certificate: x509.Certificate, issuer: Path, crl: str = CRL
) -> Asked:
    path = folder / f"{name}.pem"
    path.write_bytes(pem(certificate))
    return Asked(name=name, certificate=path, issuer=issuer, crl=crl)


async def _live(practice: Practice) -> dict[str, x509.Certificate]:
    """Three cards made at a desk; two of them blocked, one of those revoked."""
    names = ("good", "blocked", "revoked")
    made = {
        name: await practice.make_card(employee(number)) for number, name in enumerate(names, 1)
    }
    async with practice.client(ADMINISTRATOR) as administrator:
        for name in names[1:]:
            lost = BlockRequest(reason=BlockReason.LOSS)
            await administrator.block(made[name].card.card_id, lost)
        stolen = RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT)
        await administrator.revoke(made["revoked"].card.card_id, stolen)
    return {name: x509.load_der_x509_certificate(each.certificate) for name, each in made.items()}
