"""Signed statements as an auditor's own tools read them, and what ours refuses."""

import asyncio
import json
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from asn1crypto import cms

from ca.authority import CertificationAuthority
from ca.profile import Profile
from fixtures.signers import EPOCH, KeySigner, signer
from made.ca_products import make_all
from pki.der import oids
from pki.der.cms import encode_signed_attributes, encode_signed_content, read_signed_content
from pki.domain.algorithms import KeyType
from pki.domain.errors import Malformed, SignatureBroken, ZorgidError
from pki.keys.evidence import EvidenceKey
from pki.trust.evidence import verify_evidence

CONTENT = '{"status":"good","naam":"Zoë"}'.encode()
AT = str(int(EPOCH.timestamp()) + 60)
EVIDENCE = signer(KeyType.P256, "evidence")


@pytest.fixture(scope="module")
def made(profiles: Mapping[str, Profile], token_ca: CertificationAuthority) -> Mapping[str, bytes]:
    return asyncio.run(make_all(profiles, token_ca))


def signed_by(chain: tuple[bytes, ...], key: KeySigner = EVIDENCE) -> bytes:
    return asyncio.run(EvidenceKey(key, chain).sign(CONTENT, EPOCH + timedelta(seconds=5)))


@pytest.fixture(scope="module")
def statement(made: Mapping[str, bytes]) -> bytes:
    return signed_by((made["evidence"], made["services-ca"]))


def openssl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def verify_with_openssl(folder: Path, der: bytes, root: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "statement.p7m").write_bytes(der)
    (folder / "root.pem").write_text(DER_cert_to_PEM_cert(root))
    words = "cms -verify -cades -binary -inform DER -in statement.p7m -CAfile root.pem -out content"
    return openssl(folder, *words.split(), "-attime", AT)


@pytest.mark.openssl
def test_openssl_verifies_it_and_the_content_is_as_it_was_signed(
    statement: bytes, made: Mapping[str, bytes], tmp_path: Path
) -> None:
    done = verify_with_openssl(tmp_path, statement, made["practice-root"])
    assert done.returncode == 0, done.stderr
    assert "CAdES Verification successful" in done.stderr
    assert (tmp_path / "content").read_bytes() == CONTENT
    words = "cms -cmsout -print -noout -inform DER -in statement.p7m"
    text = openssl(tmp_path, *words.split())
    assert "2026 GMT" in text.stdout
    assert text.stdout.count("subject:") == 2


def test_another_reader_sees_the_same(statement: bytes, made: Mapping[str, bytes]) -> None:
    info = cms.ContentInfo.load(statement, strict=True)
    body = info["content"]
    assert info["content_type"].native == "signed_data"
    assert body["encap_content_info"]["content"].native == CONTENT
    (one,) = body["signer_infos"]
    attributes = {each["type"].native: each["values"][0] for each in one["signed_attrs"]}
    assert attributes["signing_time"].native == EPOCH.replace(microsecond=0) + timedelta(seconds=5)
    assert set(attributes) == {
        "content_type",
        "message_digest",
        "signing_time",
        oids.CMS_SIGNING_CERTIFICATE_V2,
    }
    found = {each.chosen.dump() for each in body["certificates"]}
    assert found == {made["evidence"], made["services-ca"]}
    assert info.dump(force=True) == statement


def test_ours_verifies_it_too(statement: bytes, made: Mapping[str, bytes]) -> None:
    found = verify_evidence(statement, (made["practice-root"],))
    assert json.loads(found.content)["naam"] == "Zoë"
    assert found.signer.der == made["evidence"]
    assert found.signed_at == EPOCH.replace(microsecond=0) + timedelta(seconds=5)


def test_another_root_is_not_believed(statement: bytes, made: Mapping[str, bytes]) -> None:
    with pytest.raises(SignatureBroken, match="does not chain"):
        verify_evidence(statement, (made["token-ca"],))


@pytest.mark.openssl
def test_no_octet_can_be_changed(
    statement: bytes, made: Mapping[str, bytes], tmp_path: Path
) -> None:
    """Each octet in turn; openssl agrees about some of the places."""
    root = (made["practice-root"],)
    for place in range(len(statement)):
        changed = bytearray(statement)
        changed[place] ^= 0x01
        with pytest.raises(ZorgidError):
            verify_evidence(bytes(changed), root)
    content = statement.replace(b"good", b"goot")
    assert verify_with_openssl(tmp_path, content, root[0]).returncode != 0


@pytest.mark.parametrize(("label", "key"), [("client", "team"), ("api", "api")])
def test_another_certificate_of_the_same_ca_signs_no_evidence(
    label: str, key: str, made: Mapping[str, bytes]
) -> None:
    forged = signed_by((made[label], made["services-ca"]), signer(KeyType.P256, key))
    with pytest.raises(SignatureBroken, match="evidence key"):
        verify_evidence(forged, (made["practice-root"],))


def test_a_certificate_of_another_key_signs_nothing(made: Mapping[str, bytes]) -> None:
    forged = signed_by((made["evidence"],), signer(KeyType.P256, "team"))
    with pytest.raises(SignatureBroken, match="does not verify"):
        verify_evidence(forged, (made["practice-root"],))


def test_attributes_of_another_content_or_certificate_are_refused(
    made: Mapping[str, bytes],
) -> None:
    chain = (made["evidence"], made["services-ca"])
    for content, certificate in ((b"other", chain[0]), (CONTENT, made["api"])):
        attributes = encode_signed_attributes(content, certificate=certificate, signed_at=EPOCH)
        der = encode_signed_content(
            CONTENT,
            attributes=attributes,
            algorithm=EVIDENCE.algorithm,
            signature=asyncio.run(EVIDENCE.sign(attributes)),
            certificates=chain,
        )
        with pytest.raises(Malformed):
            read_signed_content(der)


def test_the_signers_certificate_must_be_in_it(made: Mapping[str, bytes]) -> None:
    der = signed_by((made["evidence"],))
    without = der.replace(made["evidence"], made["services-ca"])
    with pytest.raises(Malformed):
        read_signed_content(without)
