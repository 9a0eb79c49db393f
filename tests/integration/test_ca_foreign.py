"""What the CA makes, read and judged by OpenSSL and GnuTLS."""

import asyncio
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest

from ca.authority import CertificationAuthority
from ca.profile import Profile
from fixtures.signers import EPOCH, HOLDER, make_hierarchy, open_token_ca, signer
from made.ca_products import make_all
from pki.domain.algorithms import KeyType
from pki.ports import SystemClock

OPENSSL_TIME = str(int(EPOCH.timestamp()) + 60)
OTHER_NAME = "1.3.6.1.4.1.32473.2026-1-900021219-N-90000382-00.000-00000000"


@pytest.fixture(scope="module")
def made(profiles: Mapping[str, Profile], token_ca: CertificationAuthority) -> Mapping[str, bytes]:
    return asyncio.run(make_all(profiles, token_ca))


@pytest.fixture(scope="module")
def folder(made: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made")
    for label, der in made.items():
        (path / f"{label}.der").write_bytes(der)
        is_crl = label.endswith("-crl")
        _run(
            "openssl",
            "crl" if is_crl else "x509",
            "-inform",
            "der",
            "-in",
            f"{label}.der",
            "-out",
            f"{label}.pem",
            cwd=path,
        )
    return path


def _run(*command: str, cwd: Path, expected: int = 0) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.openssl
@pytest.mark.parametrize(
    ("leaf", "between", "root", "purpose"),
    [
        ("card", "token-ca", "root", "sslclient"),
        ("responder", "token-ca", "root", "ocsphelper"),
        ("telephone", "mobiel-ca", "root", "sslclient"),
        ("api", "services-ca", "practice-root", "sslserver"),
        ("client", "services-ca", "practice-root", "sslclient"),
        ("evidence", "services-ca", "practice-root", "any"),
    ],
)
def test_openssl_verifies_every_end_entity(
    folder: Path, leaf: str, between: str, root: str, purpose: str
) -> None:
    said = _run(
        "openssl",
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-attime",
        OPENSSL_TIME,
        "-purpose",
        purpose,
        "-CAfile",
        f"{root}.pem",
        "-untrusted",
        f"{between}.pem",
        f"{leaf}.pem",
        cwd=folder,
    )
    assert said.strip() == f"{leaf}.pem: OK"


@pytest.mark.openssl
def test_openssl_checks_the_services_chain_against_both_ceremony_crls(folder: Path) -> None:
    said = _run(
        "openssl",
        "verify",
        "-x509_strict",
        "-crl_check_all",
        "-attime",
        OPENSSL_TIME,
        "-CAfile",
        "practice-root.pem",
        "-untrusted",
        "services-ca.pem",
        "-CRLfile",
        "root-crl.pem",
        "-CRLfile",
        "services-crl.pem",
        "client.pem",
        cwd=folder,
    )
    assert said.strip() == "client.pem: OK"


@pytest.mark.openssl
def test_openssl_refuses_the_card_as_a_server_and_after_its_end(folder: Path) -> None:
    base = ("openssl", "verify", "-CAfile", "root.pem", "-untrusted", "token-ca.pem")
    said = _run(
        *base, "-attime", OPENSSL_TIME, "-purpose", "sslserver", "card.pem", cwd=folder, expected=2
    )
    assert "purpose" in said
    end = str(int(EPOCH.replace(year=EPOCH.year + 3).timestamp()) + 1)
    said = _run(*base, "-attime", end, "card.pem", cwd=folder, expected=2)
    assert "expired" in said


@pytest.mark.openssl
def test_openssl_shows_the_cards_content(folder: Path) -> None:
    said = _run(
        "openssl",
        "x509",
        "-in",
        "card.pem",
        "-noout",
        "-text",
        "-nameopt",
        "utf8,sep_comma_plus",
        cwd=folder,
    )
    for part in (
        "Issuer: C=NL,O=ZORG-ID PRACTICE,CN=ZORG-ID Token CA",
        "Subject: C=NL,O=Tést Zorginstelling 03,SN=van der Prœuve,GN=Anne Zoë,serialNumber=",
        "serialNumber=900021219,CN=Anne Zoë van der Prœuve",
        "Not Before: Nov 22 10:30:15 2026 GMT",
        "Not After : Nov 22 10:30:15 2029 GMT",
        f"othername: UPN::900021219@90000382, othername: 2.5.5.5::{OTHER_NAME}",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "TLS Web Client Authentication, 1.3.6.1.4.1.311.10.3.12\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "OCSP - URI:http://status.example.com/ocsp\n",
        "CA Issuers - URI:http://status.example.com/ca/zorg-id-token-ca.cer\n",
        "URI:http://status.example.com/crl/zorg-id-token-ca.crl\n",
        "Policy: 1.3.6.1.4.1.32473.2026.1\n",
    ):
        assert part in said
    assert "title" not in said
    assert "qcStatements" not in said


@pytest.mark.openssl
def test_openssl_sees_the_string_types_of_a_uzi_pass(folder: Path) -> None:
    said = _run(
        "openssl",
        "x509",
        "-in",
        "card.pem",
        "-noout",
        "-subject",
        "-nameopt",
        "utf8,show_type,sep_comma_plus",
        cwd=folder,
    )
    types = [
        part.split("=", 1)[1].split(":")[0] for part in said.strip().split("=", 1)[1].split(",")
    ]
    assert types == [
        "PRINTABLESTRING",
        "UTF8STRING",
        "UTF8STRING",
        "UTF8STRING",
        "PRINTABLESTRING",
        "UTF8STRING",
    ]


@pytest.mark.certtool
async def test_gnutls_verifies_a_card_and_shows_its_names(
    profiles: Mapping[str, Profile], tmp_path: Path
) -> None:
    now = SystemClock().now() - timedelta(minutes=1)
    authority = open_token_ca(await make_hierarchy(profiles, now=now))
    key = signer(KeyType.RSA_2048, "card").public_key
    card = await authority.sign(authority.prepare_card(HOLDER, key, now).tbs)
    pems = [DER_cert_to_PEM_cert(der) for der in (card, *authority.chain)]
    (tmp_path / "chain.pem").write_text("".join(pems))
    (tmp_path / "root.pem").write_text(pems[-1])
    said = _run(
        "certtool",
        "--verify",
        "--load-ca-certificate",
        "root.pem",
        "--infile",
        "chain.pem",
        cwd=tmp_path,
    )
    assert "Chain verification output: Verified. The certificate is trusted." in said
    said = _run("certtool", "-i", "--infile", "chain.pem", cwd=tmp_path)
    assert "Key Usage (critical):\n\t\t\tDigital signature." in said
    assert f"otherName OID: 2.5.5.5\n\t\t\totherName DER: 163d{OTHER_NAME.encode().hex()}" in said
