"""OpenSSL judges the same paths, CRLs and key files as `pki.trust` and `pki.keys` do."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from made.uzi import NOW, Ca, PassPlan, Register, make_ca, make_register
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import Refused
from pki.keys.soft import generate
from pki.trust.pass_crl import check_crl
from pki.trust.path import PathValidator
from pki.trust.settings import UziTrustSettings

pytestmark = pytest.mark.openssl

PASSPHRASE = "a passphrase of the test"


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def openssl_trusts(register: Register, certificate: x509.Certificate, folder: Path) -> bool:
    files = {
        "root.pem": pem(register.root.certificate),
        "between.pem": b"".join(
            pem(ca.certificate) for ca in (register.level2, *register.issuing.values())
        ),
        "pass.pem": pem(certificate),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    done = openssl(
        *("verify", "-x509_strict", "-attime", str(int(NOW.timestamp()))),
        *("-no-CApath", "-no-CAstore", "-CAfile", str(folder / "root.pem")),
        *("-untrusted", str(folder / "between.pem"), str(folder / "pass.pem")),
    )
    return done.returncode == 0


def we_trust(settings: UziTrustSettings, certificate: x509.Certificate) -> bool:
    try:
        PathValidator(settings).issuer_of(certificate, NOW)
    except Refused:
        return False
    return True


def test_openssl_agrees_on_who_is_trusted(uzi_register: Register, tmp_path: Path) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00")
    parent = uzi_register.issue(PassPlan(is_ca=True, key_usage=("key_cert_sign",)))
    judged = {
        uzi_register.issue(): True,
        uzi_register.issue(issuer=make_ca("TEST UZI CA N", None)): False,
        uzi_register.issue(PassPlan(extra=((unknown, True),))): False,
        uzi_register.issue(issuer=Ca(certificate=parent, key=uzi_register.pass_key)): False,
    }
    for certificate, trusted in judged.items():
        assert openssl_trusts(uzi_register, certificate, tmp_path) is trusted
        assert we_trust(uzi_register.settings, certificate) is trusted


def test_openssl_agrees_on_rsa_pss(tmp_path: Path) -> None:
    register = make_register(pss=True)
    certificate = register.issue(pss=True)
    allowed = frozenset({SignatureAlgorithm.SHA512_RSA_PSS})
    settings = replace(register.settings, algorithms=allowed)
    assert openssl_trusts(register, certificate, tmp_path)
    assert we_trust(settings, certificate)


def test_openssl_agrees_on_the_crl(uzi_register: Register, tmp_path: Path) -> None:
    crl = uzi_register.crl(5, 6)
    validator = PathValidator(uzi_register.settings)
    issuer = validator.issuer_of(uzi_register.issue(), NOW)
    checked = check_crl(crl, issuer, NOW, uzi_register.settings.algorithms)
    (tmp_path / "n.crl").write_bytes(crl)
    (tmp_path / "n.pem").write_bytes(pem(uzi_register.n.certificate))
    done = openssl(
        *("crl", "-inform", "DER", "-in", str(tmp_path / "n.crl"), "-text"),
        *("-CAfile", str(tmp_path / "n.pem"), "-noout"),
    )
    assert "verify OK" in done.stderr
    assert [line.strip() for line in done.stdout.splitlines() if "Serial Number" in line] == [
        f"Serial Number: {serial:02X}" for serial in sorted(checked.serials)
    ]


@pytest.mark.parametrize("kind", [KeyType.RSA_2048, KeyType.P256, KeyType.ED25519])
def test_openssl_opens_our_key_files_with_the_passphrase_alone(
    kind: KeyType, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    signer = generate(kind, path, PASSPHRASE.encode())
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "wrong").write_text("another passphrase")
    opened = openssl(
        "pkey", "-in", str(path), "-passin", f"file:{tmp_path / 'passphrase'}", "-pubout"
    )
    public_key = load_der_public_key(signer.public_key)
    expected = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert opened.stdout.encode() == expected
    refused = openssl("pkey", "-in", str(path), "-passin", f"file:{tmp_path / 'wrong'}", "-noout")
    assert refused.returncode != 0
