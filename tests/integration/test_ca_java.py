"""What the CA makes, read and judged by Java's own certificate classes and its PKIX validator."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ca.authority import CertificationAuthority
from ca.profile import Profile
from ca.sign import sign_crl
from conformance.java_judge import judged
from crl.build import CrlIssuer, Succession, compose
from crl.policy import CrlPolicy
from crl.roll import gather
from fixtures.signers import EPOCH, HOLDER, Hierarchy, open_token_ca, signer
from made.ca_products import make_all
from pki.der.certificate import read_certificate
from pki.der.crl import encode_tbs_crl
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, OnHold, Revoked
from status_side.listed_rows import listed_rows

pytestmark = pytest.mark.java

SECOND = int(EPOCH.timestamp()) + 60
EARLY, LATE = SECOND - 120, SECOND + 3 * 366 * 86_400
LISTED: Mapping[str, CertificateStatus] = {
    "blocked": OnHold(since=EPOCH),
    "revoked": Revoked(at=EPOCH, reason=RevocationReason.CESSATION_OF_OPERATION),
    "without-reason": Revoked(at=EPOCH, reason=None),
}
LEAVES = {
    "card": ("token-ca", "root"),
    "card-p256": ("token-ca", "root"),
    "responder": ("token-ca", "root"),
    "api": ("services-ca", "practice-root"),
    "client": ("services-ca", "practice-root"),
    "evidence": ("services-ca", "practice-root"),
}
UZI_NAME = "1.3.6.1.4.1.32473.2026-1-900021219-N-90000382-00.000-00000000"


@pytest.fixture(scope="module")
def folder(
    profiles: Mapping[str, Profile],
    hierarchy: Hierarchy,
    token_ca: CertificationAuthority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Everything in DER; the Token CA's CRL lists three cards that differ in their status."""
    path = tmp_path_factory.mktemp("java")
    made = dict(asyncio.run(_made(profiles, hierarchy, token_ca)))
    for label, der in made.items():
        (path / label).write_bytes(der)
    (path / "cut").write_bytes(made["card"][:-1])
    spoilt = bytearray(made["card"])
    spoilt[200] ^= 1
    (path / "spoilt").write_bytes(spoilt)
    return path


async def _made(
    profiles: Mapping[str, Profile], hierarchy: Hierarchy, token_ca: CertificationAuthority
) -> Mapping[str, bytes]:
    made = dict(await make_all(profiles, token_ca))
    key = signer(KeyType.RSA_2048, "card").public_key
    for label in LISTED:
        made[label] = await token_ca.sign(token_ca.prepare_card(HOLDER, key, EPOCH).tbs)
    small = open_token_ca(hierarchy, card="card-p256")
    key = signer(KeyType.P256, "card").public_key
    made["card-p256"] = await small.sign(small.prepare_card(HOLDER, key, EPOCH).tbs)
    made["token-crl"] = await _crl(made, token_ca)
    return made


def serial_of(der: bytes) -> SerialNumber:
    return read_certificate(der).content.serial


async def _crl(made: Mapping[str, bytes], token_ca: CertificationAuthority) -> bytes:
    listed = {serial_of(made[label]): status for label, status in LISTED.items()}
    roll = gather(listed_rows(listed))
    content = compose(
        CrlIssuer.of(token_ca.issuer, token_ca.certificate),
        Succession(number=0, this_update=None),
        algorithm=token_ca.signer.algorithm,
        now=EPOCH,
        validity=CrlPolicy().validity,
    )
    tbs = encode_tbs_crl(replace(content, entries=[each.octets for each in roll.pieces()]))
    return await sign_crl(tbs, signer=token_ca.signer, issuer_certificate=token_ca.certificate)


@pytest.fixture(scope="module")
def answers(folder: Path) -> Mapping[str, str]:
    """Every question of this module and Java's answer, from one start of it."""
    questions = [f"certificate {label}" for label in (*LEAVES, "root", "token-ca", "cut")]
    for leaf, (between, root) in LEAVES.items():
        questions.append(f"path {SECOND} {root} - {leaf},{between}")
        crls = "root-crl,services-crl" if between == "services-ca" else "root-crl,token-crl"
        questions.append(f"path {SECOND} {root} {crls} {leaf},{between}")
    questions += ["crl token-crl token-ca", "crl token-crl root"]
    questions += ["crl root-crl practice-root", "crl services-crl services-ca"]
    for label in (*LISTED, "card", "spoilt"):
        questions.append(f"path {SECOND} token-ca token-crl {label}")
    questions += [f"path {at} token-ca - card" for at in (EARLY, LATE)]
    questions.append(f"path {SECOND} services-ca - card")
    return dict(zip(questions, judged(questions, folder), strict=True))


def parts(answer: str) -> dict[str, str]:
    return {piece.split(" ", 1)[0]: piece.split(" ", 1)[1] for piece in answer.split(" | ")}


@pytest.mark.parametrize("leaf", LEAVES)
def test_java_accepts_every_chain_without_and_with_crls(
    answers: Mapping[str, str], leaf: str
) -> None:
    between, root = LEAVES[leaf]
    said = [answer for asked, answer in answers.items() if asked.endswith(f"{leaf},{between}")]
    assert said == ["valid, anchor CN=ZORG-ID Root CA, O=ZORG-ID PRACTICE, C=NL"] * 2
    assert f"path {SECOND} {root} - {leaf},{between}" in answers


@pytest.mark.parametrize("label", [*LEAVES, "root", "token-ca"])
def test_java_understands_all_that_is_critical(answers: Mapping[str, str], label: str) -> None:
    found = parts(answers[f"certificate {label}"])
    assert found["critical"] == "[2.5.29.15, 2.5.29.19]"
    assert found["unsupported"] == "false"
    assert len(found["serial"]) == 40


def test_java_reads_a_card_as_it_was_meant(answers: Mapping[str, str]) -> None:
    found = parts(answers["certificate card"])
    assert found["subject"] == (
        "CN=Anne Zoë van der Prœuve, SERIALNUMBER=900021219, GIVENNAME=Anne Zoë,"
        " SURNAME=van der Prœuve, O=Tést Zorginstelling 03, C=NL"
    )
    assert found["from"] == "2026-11-22T10:30:15Z to 2029-11-22T10:30:15Z"
    assert (found["ca"], found["usage"]) == ("-1", "0,")
    assert found["purposes"] == "[1.3.6.1.5.5.7.3.2, 1.3.6.1.4.1.311.10.3.12]"
    upn, uzi = found["names"].strip("[]").split(", ")
    assert upn.endswith(b"900021219@90000382".hex())
    assert uzi.endswith(f"163d{UZI_NAME.encode().hex()}")


def test_java_reads_a_crl_and_its_reasons(folder: Path, answers: Mapping[str, str]) -> None:
    found = parts(answers["crl token-crl token-ca"])
    assert found["from"] == "2026-11-22T10:30:15Z to 2026-11-24T10:30:15Z"
    assert (found["issuer"], found["critical"]) == ("true", "[]")
    assert found["extensions"] == "[2.5.29.20, 2.5.29.35, 2.5.29.60]"
    reasons = {
        "blocked": "CERTIFICATE_HOLD",
        "revoked": "CESSATION_OF_OPERATION",
        "without-reason": "null",
    }
    for label, reason in reasons.items():
        serial = serial_of((folder / label).read_bytes()).hex
        assert f"{serial}={reason}@2026-11-22T10:30:15Z" in found["entries"]
    for asked in ("crl root-crl practice-root", "crl services-crl services-ca"):
        assert parts(answers[asked])["entries"] == "{}"


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ("certificate cut", "refused IOException"),
        ("crl token-crl root", "refused SignatureException"),
        (f"path {SECOND} token-ca token-crl blocked", "refused REVOKED at 0: .*CERTIFICATE_HOLD"),
        (f"path {SECOND} token-ca token-crl revoked", "refused REVOKED at 0: .*CESSATION_OF_OPER"),
        (f"path {SECOND} token-ca token-crl without-reason", "refused REVOKED at 0: .*UNSPECIFIED"),
        (f"path {SECOND} token-ca token-crl spoilt", "refused INVALID_SIGNATURE at 0"),
        (f"path {EARLY} token-ca - card", "refused NOT_YET_VALID at 0"),
        (f"path {LATE} token-ca - card", "refused EXPIRED at 0"),
        (f"path {SECOND} services-ca - card", "refused NO_TRUST_ANCHOR"),
    ],
)
def test_java_refuses_what_must_be_refused(
    answers: Mapping[str, str], asked: str, refusal: str
) -> None:
    assert re.match(refusal, answers[asked])
