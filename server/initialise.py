"""`zorgid init`: a practice installation from nothing, in one go.

Keys are software keys, made here and by no server. Production keys come from a ceremony; this is
for practice, and every certificate it makes says so in its names.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ca.practice import Moment, PracticeKeys, PracticePlan, PracticeSet, make_practice_set
from ca.profiles import load_profiles
from ca.settings import CaSettings, Installation
from issuance.register_operator import NewOperator, record_operator
from pki.api.fields import to_pem
from pki.domain.algorithms import KeyType
from pki.domain.errors import Conflict
from pki.domain.events import InstallationCreated, KeyCeremonyDone
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM, Role
from pki.keys.sealing import write_sealing_key
from pki.keys.soft import SoftSigner, generate
from pki.ports import SystemClock, SystemEntropy
from pki.store.migrate import migrate
from pki.store.writing import Store, WriteSession
from server.files import write_new
from server.installation import (
    OID_ARC,
    OPERATOR,
    PRACTICE_STATEMENT,
    Layout,
    UziFiles,
    configuration,
)
from server.report import Report
from server.share import copy_share

TEAM: Final = "team"
ADMINISTRATOR: Final = "administrator"
STATUS_NODE: Final = "status-node"
_CA_KEYS: Final = {
    "root": KeyType.RSA_4096,
    "token-ca-g1": KeyType.RSA_4096,
    "services-ca-g1": KeyType.P256,
    "mobiel-ca-g1": KeyType.P256,
    "evidence": KeyType.P256,
    "api": KeyType.P256,
    "status-node": KeyType.P256,
}
_PASSPHRASE_OCTETS: Final = 24

Say = Callable[[str], None]


def initialise(directory: Path, *, port_base: int, say: Say, uzi: UziFiles | None = None) -> Report:
    """Make keys, certificates, CRLs, store and configuration in a new or empty folder.

    Raises:
        Conflict: the folder is not empty.
        EnvironmentMissing: the program's data is not installed.
    """
    layout = Layout(directory.resolve())
    _make_folders(layout)
    say("making keys (RSA-4096 takes a few seconds)")
    signers = _make_keys(layout)
    operators = {name: _operator_key(layout, name) for name in (TEAM, ADMINISTRATOR)}
    operators[STATUS_NODE] = signers[STATUS_NODE].public_key
    say("making certificates: root, Token CA, Services CA, Mobiel CA")
    made = asyncio.run(_make_certificates(layout, signers, operators, port_base))
    _write_certificates(layout, made)
    say("making the store")
    url = f"sqlite:///{layout.store}"
    migrate(url)
    asyncio.run(_first_entries(url, made))
    write_new(layout.cps, PRACTICE_STATEMENT.encode())
    write_new(layout.config, configuration(layout, port_base=port_base, uzi=uzi).encode())
    return _report(layout, port_base)


def _make_folders(layout: Layout) -> None:
    if layout.root.exists() and any(layout.root.iterdir()):
        raise Conflict(
            message=f"{layout.root} is not empty",
            next_step="name a new folder; if an earlier init was interrupted, remove that one",
        )
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in layout.folders():
        folder.mkdir(mode=0o700)
    copy_share("profiles", layout.root / "profiles")
    copy_share("ldap", layout.root / "schema")
    copy_share("ceremony", layout.root / "ceremony")
    entropy = SystemEntropy()
    for name in ("passphrase", "root-passphrase"):
        write_new(layout.secret(name), entropy.octets(_PASSPHRASE_OCTETS).hex().encode())
    write_new(layout.secret("pass-digest-salt"), entropy.octets(32))
    write_sealing_key(layout.secret("sealing.key"), entropy)


def _make_keys(layout: Layout) -> dict[str, SoftSigner]:
    def make(item: tuple[str, KeyType]) -> SoftSigner:
        name, key_type = item
        secret = "root-passphrase" if name == "root" else "passphrase"
        return generate(key_type, layout.key(name), layout.secret(secret).read_bytes())

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(_CA_KEYS, pool.map(make, _CA_KEYS.items()), strict=True))


def _operator_key(layout: Layout, name: str) -> bytes:
    """A key pair for a client certificate; the private half is for the operator's own computer."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_new(layout.operator(name)[1], pem)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def _make_certificates(
    layout: Layout, signers: Mapping[str, SoftSigner], operators: dict[str, bytes], port_base: int
) -> PracticeSet:
    settings = CaSettings(
        installation=Installation.PRACTICE,
        operator=OPERATOR,
        oid_arc=OID_ARC,
        base_url=f"http://127.0.0.1:{port_base}",
    )
    keys = PracticeKeys(
        root=signers["root"],
        token_ca=signers["token-ca-g1"],
        services_ca=signers["services-ca-g1"],
        mobiel_ca=signers["mobiel-ca-g1"],
        evidence=signers["evidence"].public_key,
        api=signers["api"].public_key,
        operators=operators,
    )
    return await make_practice_set(
        PracticePlan(operators=tuple(operators)),
        keys=keys,
        profiles=load_profiles(layout.root / "profiles", settings=settings),
        moment=Moment(now=SystemClock().now(), entropy=SystemEntropy()),
    )


def _write_certificates(layout: Layout, made: PracticeSet) -> None:
    certificates = {
        "root": made.root,
        "token-ca-g1": made.token_ca,
        "services-ca-g1": made.services_ca,
        "mobiel-ca-g1": made.mobiel_ca,
        "evidence": made.evidence,
        "api": made.api,
        STATUS_NODE: made.operators[STATUS_NODE],
    }
    for name, der in certificates.items():
        write_new(layout.certificate(name), to_pem(der).encode())
    for name in (TEAM, ADMINISTRATOR):
        write_new(layout.operator(name)[0], to_pem(made.operators[name]).encode())
    write_new(layout.crl("root"), made.root_crl)
    write_new(layout.crl("services-ca-g1"), made.services_crl)


async def _first_entries(url: str, made: PracticeSet) -> None:
    entropy = SystemEntropy()
    installation = entropy.octets(16).hex()
    ceremonies = {
        "root": made.root,
        "token-ca-g1": made.token_ca,
        "services-ca-g1": made.services_ca,
        "mobiel-ca-g1": made.mobiel_ca,
        "evidence": made.evidence,
    }

    def record(session: WriteSession) -> None:
        session.put_installation(installation, Installation.PRACTICE.value)
        created = InstallationCreated(kind=Installation.PRACTICE.value, installation=installation)
        session.record(created, SYSTEM)
        for name, der in ceremonies.items():
            digest = hashlib.sha256(der).hexdigest()
            done = KeyCeremonyDone(issuer=IssuerId(name), certificate_sha256=digest)
            session.record(done, SYSTEM)
        for name, role in ((TEAM, Role.ZORGID_TEAM), (STATUS_NODE, Role.STATUS_NODE)):
            new = NewOperator(role=role, ura=None, certificate=made.operators[name])
            record_operator(session, entropy, new, SYSTEM)

    store = Store.open(url, clock=SystemClock())
    try:
        await store.write(record)
    finally:
        await store.close()


def _report(layout: Layout, port_base: int) -> Report:
    certificate, key = layout.operator(TEAM)
    result = {
        "directory": str(layout.root),
        "configuration": str(layout.config),
        "status": f"http://127.0.0.1:{port_base}",
        "api": f"https://localhost:{port_base + 1}",
        "team_certificate": str(certificate),
        "team_key": str(key),
    }
    lines = [
        f"practice installation made in {layout.root}",
        "its keys are files: good for practice and a pilot, not for production",
        f"  configuration     {layout.config}",
        f"  ZORG-ID team      {certificate} (client certificate for the API)",
        f"next: zorgid serve --config {layout.config}",
    ]
    return Report(result=result, lines=lines)
