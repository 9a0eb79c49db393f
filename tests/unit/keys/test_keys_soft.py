"""Software keys: what is signed verifies, what is unsafe is refused."""

import asyncio
import shutil
import subprocess
import threading
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, Conflict, SignerUnavailable
from pki.keys.algorithms import (
    PublicKey,
    algorithm_for,
    key_type_of,
    verifies,
)
from pki.keys.soft import SoftSigner, generate

PASSPHRASE = b"a canary that must not show"
MESSAGE = b"what is to be signed"


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[KeyType, Path]:
    folder = tmp_path_factory.mktemp("keys")
    files = {kind: folder / f"{kind.value}.pem" for kind in KeyType}
    for kind, path in files.items():
        generate(kind, path, PASSPHRASE)
    return files


@pytest.mark.parametrize("kind", KeyType)
async def test_a_generated_key_signs_what_its_public_key_verifies(
    kind: KeyType, key_files: dict[KeyType, Path]
) -> None:
    signer = SoftSigner.load(key_files[kind], PASSPHRASE)
    signature = await signer.sign(MESSAGE)

    key = load_der_public_key(signer.public_key)
    assert isinstance(key, PublicKey)
    assert key_type_of(key) is kind
    assert signer.algorithm is algorithm_for(kind)
    assert verifies(key, signer.algorithm, MESSAGE, signature)
    assert not verifies(key, signer.algorithm, MESSAGE + b"!", signature)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        (KeyType.RSA_2048, SignatureAlgorithm.SHA384_RSA),
        (KeyType.RSA_3072, SignatureAlgorithm.SHA512_RSA),
        (KeyType.P256, SignatureAlgorithm.ECDSA_SHA384),
    ],
)
async def test_the_algorithm_can_be_chosen(
    kind: KeyType, algorithm: SignatureAlgorithm, key_files: dict[KeyType, Path]
) -> None:
    signer = SoftSigner.load(key_files[kind], PASSPHRASE, algorithm)
    key = load_der_public_key(signer.public_key)
    assert isinstance(key, PublicKey)
    assert verifies(key, algorithm, MESSAGE, await signer.sign(MESSAGE))


@pytest.mark.openssl
@pytest.mark.parametrize(
    ("kind", "digest"),
    [(KeyType.RSA_4096, "-sha256"), (KeyType.P256, "-sha256"), (KeyType.P384, "-sha384")],
)
async def test_openssl_verifies_the_signature(
    kind: KeyType, digest: str, key_files: dict[KeyType, Path], tmp_path: Path
) -> None:
    signer = SoftSigner.load(key_files[kind], PASSPHRASE)
    public = tmp_path / "public.der"
    public.write_bytes(signer.public_key)
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(await signer.sign(MESSAGE))
    command = ["openssl", "dgst", digest, "-keyform", "DER", "-verify", str(public)]
    command += ["-signature", str(tmp_path / "signature"), str(tmp_path / "message")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.stdout.strip() == b"Verified OK", done.stderr


def test_the_file_is_encrypted_and_for_the_owner_alone(key_files: dict[KeyType, Path]) -> None:
    for path in key_files.values():
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    folder = key_files[KeyType.P256].parent
    assert {each.name for each in folder.iterdir()} == {each.name for each in key_files.values()}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_file_that_others_can_reach_is_refused(
    mode: int, key_files: dict[KeyType, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(key_files[KeyType.P256], tmp_path))
    path.chmod(mode)
    with pytest.raises(ConfigurationInvalid, match="others than its owner") as caught:
        SoftSigner.load(path, PASSPHRASE)
    assert caught.value.key == str(path)
    assert caught.value.next_step == f"chmod 600 {path}"


def test_an_unencrypted_key_is_refused_even_without_a_passphrase(tmp_path: Path) -> None:
    for number, form in enumerate((PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)):
        path = tmp_path / f"{number}.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
        path.chmod(0o600)
        for passphrase in (PASSPHRASE, b""):
            with pytest.raises(ConfigurationInvalid, match="not an encrypted"):
                SoftSigner.load(path, passphrase)


@pytest.mark.parametrize("passphrase", [b"another canary of that sort", b""])
def test_a_wrong_passphrase_is_named_but_not_shown(
    passphrase: bytes, key_files: dict[KeyType, Path]
) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be decrypted") as caught:
        SoftSigner.load(key_files[KeyType.RSA_2048], passphrase)
    shown = "".join(traceback.format_exception(caught.value))
    assert "canary" not in shown
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
    ],
)
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationInvalid):
        SoftSigner.load(path, PASSPHRASE)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="No such file"):
        SoftSigner.load(tmp_path / "absent.pem", PASSPHRASE)
    with pytest.raises(ConfigurationInvalid):
        SoftSigner.load(tmp_path, PASSPHRASE)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.pem"
    path.write_bytes(b"x" * 100_000)
    path.chmod(0o600)
    with pytest.raises(ConfigurationInvalid, match="too large"):
        SoftSigner.load(path, PASSPHRASE)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505 -- weak on purpose
        ec.generate_private_key(ec.SECP256K1()),
        dsa.generate_private_key(2048),
    ],
    ids=["rsa-1024", "secp256k1", "dsa"],
)
def test_a_kind_of_key_not_used_here_is_refused(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "odd.pem"
    encryption = BestAvailableEncryption(PASSPHRASE)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    path.chmod(0o600)
    with pytest.raises(ConfigurationInvalid, match="kind or size"):
        SoftSigner.load(path, PASSPHRASE)


def test_an_algorithm_of_another_kind_is_refused(key_files: dict[KeyType, Path]) -> None:
    with pytest.raises(ConfigurationInvalid, match="ecdsa-with-SHA256"):
        SoftSigner.load(key_files[KeyType.RSA_2048], PASSPHRASE, SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(ConfigurationInvalid, match="sha256WithRSAEncryption"):
        SoftSigner.load(key_files[KeyType.ED25519], PASSPHRASE, SignatureAlgorithm.SHA256_RSA)


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    first = generate(KeyType.P256, path, PASSPHRASE)
    with pytest.raises(Conflict):
        generate(KeyType.P256, path, PASSPHRASE)
    assert SoftSigner.load(path, PASSPHRASE).public_key == first.public_key
    assert [each.name for each in tmp_path.iterdir()] == ["ca.pem"]


def test_a_short_passphrase_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="at least 16"):
        generate(KeyType.P256, tmp_path / "ca.pem", b"fifteen octets.")
    assert list(tmp_path.iterdir()) == []


class Noting(SoftSigner):
    """Remembers which thread signed."""

    thread = 0

    def sign_now(self, message: bytes) -> bytes:
        self.thread = threading.get_ident()
        return super().sign_now(message)


async def test_rsa_signs_outside_the_event_loop(key_files: dict[KeyType, Path]) -> None:
    signer = Noting.load(key_files[KeyType.RSA_4096], PASSPHRASE)
    assert await signer.sign(MESSAGE)
    assert signer.thread not in {0, threading.get_ident()}


async def test_a_closed_signer_says_so(key_files: dict[KeyType, Path]) -> None:
    signer = SoftSigner.load(key_files[KeyType.RSA_2048], PASSPHRASE)
    signer.close()
    with pytest.raises(SignerUnavailable):
        await signer.sign(MESSAGE)
