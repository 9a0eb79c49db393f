"""Names of a token's objects, what a key signs as proof, and what proves nothing."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.ceremony.custody import Custody, KeptKey, Medium, MediumForm
from ca.ceremony.state import State
from ca.ceremony.transcript import Kind, Line, following
from fixtures.signers import KeySigner, signer
from pki.der import codec
from pki.domain.algorithms import KeyType
from server.ceremony.keys.port import label_of, object_name
from server.ceremony.keys.proofs import custody_findings, proof_message

DIGEST = bytes(range(32))
NONCE = bytes(32)
AT = datetime(2027, 1, 12, 9, tzinfo=UTC)
LABELS = st.text(st.sampled_from("ab -_.0"), max_size=8)


@given(
    st.sampled_from(["ca", "zorg id", "a"]),
    st.sampled_from(["private_key", "certificate"]),
    LABELS,
    st.binary(max_size=4),
)
def test_a_label_comes_out_whole(token: str, kind: str, label: str, key_id: bytes) -> None:
    assert label_of(token, object_name(token, kind, label, key_id)) == label


@pytest.mark.parametrize("name", ["TEST-ca.pem", "ca.pem", "TEST-root/TEST-root.key.pem"])
def test_a_file_is_no_object(name: str) -> None:
    assert label_of("ca", name) is None


def test_a_proof_is_no_sequence_as_all_that_a_ca_signs() -> None:
    assert proof_message(DIGEST, "ca", NONCE)[0] != codec.sequence()[0]


@pytest.fixture(scope="module")
def key() -> KeySigner:
    return signer(KeyType.P256, "kept")


async def _proof(key: KeySigner, *, digest: bytes = DIGEST, label: str = "ca") -> dict[str, str]:
    signature = await key.sign(proof_message(digest, label, NONCE))
    return {
        "label": label,
        "public_key": key.public_key.hex(),
        "nonce": NONCE.hex(),
        "signature": signature.hex(),
        "algorithm": key.algorithm.value,
    }


MEDIUM = {"medium": "one", "form": "device", "holder": "H. Een", "serial": "42", "seal": "A 1"}


def _state(*entries: tuple[str, dict[str, str]]) -> State:
    lines: list[Line] = []
    for number, (kind, data) in enumerate(entries):
        at = AT + timedelta(seconds=number)
        lines.append(following(lines, at=at, kind=kind, data=data))
    return State(lines=lines)


def _findings(key: KeySigner, *entries: tuple[str, dict[str, str]]) -> list[str]:
    sha256 = hashlib.sha256(key.public_key).hexdigest()
    medium = Medium(name="one", form=MediumForm.DEVICE, holder="H. Een", serial="42", seal="A 1")
    custody = Custody(keys=(KeptKey(label="ca", public_key_sha256=sha256),), media=(medium,))
    return list(custody_findings(custody, DIGEST, _state(*entries)))


async def test_a_proof_and_its_media_hold(key: KeySigner) -> None:
    assert _findings(key, (Kind.PROVEN, await _proof(key)), (Kind.MEDIUM, MEDIUM)) == []


async def test_what_proves_nothing(key: KeySigner) -> None:
    good = await _proof(key)
    for bad in (
        await _proof(key, digest=bytes(32)),
        await _proof(key, label="ocsp"),
        await _proof(signer(KeyType.P256, "another")),
        {**good, "nonce": "00"},
        {**good, "signature": "zz"},
        {**good, "algorithm": "none"},
        {name: value for name, value in good.items() if name != "public_key"},
    ):
        found = _findings(key, (Kind.PROVEN, bad), (Kind.MEDIUM, MEDIUM))
        assert found == ["nothing proves that key ca was in the token"]


@pytest.mark.parametrize("name", ["holder", "form", "serial", "seal"])
async def test_a_medium_that_is_another(key: KeySigner, name: str) -> None:
    proof = (Kind.PROVEN, await _proof(key))
    found = _findings(key, proof, (Kind.MEDIUM, {**MEDIUM, name: "other"}))
    assert found == ["medium one is not in the transcript as the plan has it"]
    assert _findings(key, proof) == found
