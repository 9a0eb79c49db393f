"""Backup and restore of a token's keys (SoftHSM2: its folder, as an archive)."""

import hashlib
import re
from pathlib import Path

import pytest

from ca.ceremony.transcript import Kind
from ceremonies.table import Table
from ceremonies.vault import (
    SEAL,
    TOKEN,
    Vault,
    answering,
    lines_of,
    medium,
    named,
    plan_of,
    unpacked,
)
from fixtures.ceremony import Room, room_in
from fixtures.signers import signer
from peers import require
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, Conflict, NotFound
from pki.keys.pin import Pin
from pki.keys.pkcs11.ceremony import destroy, generate
from pki.keys.pkcs11.module import Pkcs11Module
from server.ceremony.commands import check, report, verify
from server.ceremony.session import CeremonyRefused
from strangers.softhsm import PIN, SoftHsm

pytestmark = pytest.mark.softhsm


@pytest.fixture(scope="module")
def vault(softhsm: SoftHsm) -> Vault:
    softhsm.add_token(TOKEN)
    return Vault(softhsm=softhsm)


@pytest.fixture
def module(vault: Vault, hsm_module: Pkcs11Module) -> Pkcs11Module:
    """The module, logged in at the token, which holds its two keys."""
    hsm_module.log_in(TOKEN, lambda: Pin(PIN))
    if not vault.keys:
        for label, kind in (("TEST-ca", KeyType.RSA_2048), ("TEST-ocsp", KeyType.P256)):
            public_key = generate(hsm_module, named(label), kind)
            vault.keys[label] = hashlib.sha256(public_key).hexdigest()
    return hsm_module


def _backed_up(room: Room, vault: Vault, archive: Path) -> str:
    """Back up at a terminal, onto a file and a device; the digest that the restore names."""
    vault.archive(archive)
    media = medium("copy 1") + medium("device 1", "device", 'serial = "SN 42"')
    backup = plan_of(room, vault.softhsm, "backup", vault.parts(media), kind="hsm-backup")
    assert vault.keys in check(backup, practice=False).result["parts"].values()
    answering(room, archive)
    assert room.table.hold(backup) == 0, room.table.said
    assert verify(backup, practice=False).result["wrong"] == []
    lines = lines_of(room.folder / "TEST-backup")
    noted = [line.data for line in lines if line.kind == Kind.MEDIUM]
    assert [each["seal"] for each in noted] == [SEAL, SEAL]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert noted[0]["sha256"] == digest
    report(backup, practice=False, out=room.folder / "report.html")
    assert digest in (room.folder / "report.html").read_text()
    return digest


@pytest.mark.usefixtures("module")
def test_what_was_backed_up_is_restored_into_another_token_and_proven(
    room: Room, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "copy1.tar"
    pinned = medium(
        "copy 1", extra=f'seal = "{SEAL}"\nsha256 = "{_backed_up(room, vault, archive)}"'
    )
    other = SoftHsm.make(tmp_path / "other")
    monkeypatch.setenv("SOFTHSM2_CONF", str(other.config))
    restore = plan_of(room, other, "restore", vault.parts(pinned), kind="hsm-restore")
    wrong, pkcs8 = tmp_path / "other.tar", tmp_path / "evil.pem"
    wrong.write_bytes(b"another file")
    pkcs8.write_bytes(signer(KeyType.RSA_2048, "evil").pem)
    answering(room, wrong, tmp_path / "nowhere", archive)

    def unpack(_table: Table, _match: re.Match[str]) -> str:
        unpacked(archive, other)
        other.import_key(TOKEN, "ff", "TEST-evil", pkcs8)
        return "Ja"

    room.table.replies |= {
        r"Token kept is there already.+: ": lambda _table, _match: "Nee",
        r"B\. Jansen: the keys were restored.+: ": unpack,
    }
    assert room.table.hold(restore) == 1
    assert "this is another file" in room.table.said
    assert re.search(r"not as expected: .*TEST-evil", room.table.said)
    unpacked(archive, other)
    assert room.table.hold(restore) == 0, room.table.said
    assert PIN.decode() not in room.table.said
    assert verify(restore, practice=False).result["wrong"] == []
    proofs = [line.data for line in lines_of(tmp_path / "TEST-restore") if line.kind == Kind.PROVEN]
    assert {each["label"] for each in proofs} == set(vault.keys)


@pytest.mark.usefixtures("module")
def test_a_token_that_was_not_restored_is_found_out(
    room: Room, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another token of that label, with a key of that label, is not the one that was kept."""
    other = SoftHsm.make(tmp_path / "other")
    monkeypatch.setenv("SOFTHSM2_CONF", str(other.config))
    other.add_token(TOKEN)
    archive = tmp_path / "copy1.tar"
    archive.write_bytes(b"of something")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    pinned = medium("copy 1", extra=f'seal = "{SEAL}"\nsha256 = "{digest}"')
    restore = plan_of(room, other, "restore", vault.parts(pinned), kind="hsm-restore")
    answering(room, archive)
    room.table.replies[r"Token kept is there already.+: "] = lambda _table, _match: "Ja"
    assert room.table.hold(restore) == 1
    assert "has 0 private keys TEST-ca" in room.table.said


def _backup(room: Room, vault: Vault, name: str = "backup", **keys: dict[str, str]) -> Path:
    return plan_of(
        room, vault.softhsm, name, vault.parts(medium("copy 1"), **keys), kind="hsm-backup"
    )


def test_another_key_under_the_label_is_refused(
    room: Room, vault: Vault, module: Pkcs11Module
) -> None:
    del module
    keys = {**vault.keys, "TEST-ca": "00" * 32}
    plan = _backup(answering(room), vault, keys=keys)
    with pytest.raises(CeremonyRefused, match="key TEST-ca of the token is another one"):
        room.table.hold_here(plan)


def test_an_object_that_the_plan_does_not_know_is_refused(
    room: Room, vault: Vault, module: Pkcs11Module
) -> None:
    generate(module, named("TEST-ca evil"), KeyType.P256)
    try:
        with pytest.raises(CeremonyRefused, match=r"TEST-ca evil .+ the plan does not know"):
            room.table.hold_here(_backup(answering(room), vault))
    finally:
        destroy(module, named("TEST-ca evil"))


def test_an_object_that_appears_in_between_is_refused(
    room: Room, vault: Vault, module: Pkcs11Module, tmp_path: Path
) -> None:
    archive = tmp_path / "copy1.tar"
    archive.write_bytes(b"archive")

    def intrude(_table: Table, _match: re.Match[str]) -> str:
        generate(module, named("TEST-ca evil"), KeyType.P256)
        return SEAL

    answering(room, archive).table.replies[r".+: number of its seal: "] = intrude
    plan = _backup(room, vault)
    try:
        with pytest.raises(CeremonyRefused, match=r"not as expected: .*TEST-ca evil"):
            room.table.hold_here(plan)
    finally:
        destroy(module, named("TEST-ca evil"))
    assert room.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0


def test_a_restore_replaces_no_key(room: Room, vault: Vault, module: Pkcs11Module) -> None:
    del module
    pinned = medium("copy 1", extra=f'seal = "{SEAL}"\nsha256 = "{"00" * 32}"')
    restore = plan_of(room, vault.softhsm, "restore", vault.parts(pinned), kind="hsm-restore")
    answering(room).table.replies[r"Token kept is .+: "] = lambda _table, _match: "Ja"
    with pytest.raises(Conflict, match="a restore never replaces a key"):
        room.table.hold_here(restore)


def test_a_key_that_is_gone_is_missed(room: Room, vault: Vault, module: Pkcs11Module) -> None:
    del module
    keys = {**vault.keys, "TEST-gone": "00" * 32}
    with pytest.raises(NotFound, match="0 private keys TEST-gone"):
        room.table.hold_here(_backup(answering(room), vault, keys=keys))


def test_broken_off_now_and_then_it_goes_on(
    tmp_path: Path, vault: Vault, module: Pkcs11Module
) -> None:
    del module
    archive = tmp_path / "copy1.tar"
    archive.write_bytes(b"archive")
    at, ended = 0, False
    room = room_in(tmp_path)
    while not ended:
        at += 2
        answering(room, archive, archive)
        plan = _backup(room, vault, f"backup-{at}")
        ended = room.table.hold_broken_off(plan, at)
        assert verify(plan, practice=False).code == 0
    assert at > 15


def test_a_proof_of_another_ceremony_proves_nothing(
    room: Room, vault: Vault, module: Pkcs11Module, tmp_path: Path
) -> None:
    del module
    archive = tmp_path / "copy1.tar"
    archive.write_bytes(b"archive")
    first, second = (_backup(answering(room, archive), vault, name) for name in ("one", "two"))
    answering(room, archive, archive)
    for plan in (first, second):
        assert room.table.hold_here(plan).code == 0
    (tmp_path / "TEST-two" / "TEST-transcript.jsonl").write_bytes(
        (tmp_path / "TEST-one" / "TEST-transcript.jsonl").read_bytes()
    )
    wrong = verify(second, practice=False).result["wrong"]
    assert "nothing proves that key TEST-ca was in the token" in wrong


@pytest.mark.parametrize(
    ("media", "kind", "why"),
    [
        (
            medium("copy 1", extra='sha256 = "{}"'.format("00" * 32)),
            "hsm-backup",
            "in the ceremony",
        ),
        (medium("copy 1"), "hsm-restore", "needs the SHA-256"),
        (medium("copy 1", "device"), "hsm-backup", "has a serial number"),
        (medium("copy 1", extra='serial = "SN 42"'), "hsm-backup", "has no serial number"),
        (medium("copy 1") + medium("copy 1"), "hsm-backup", "each name once"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(
    room: Room, media: str, kind: str, why: str
) -> None:
    require("softhsm")
    vault = Vault(softhsm=SoftHsm(folder=room.folder), keys={"TEST-ca": "00" * 32})
    plan = plan_of(room, vault.softhsm, "refused", vault.parts(media), kind=kind)
    with pytest.raises(ConfigurationInvalid, match=why):
        check(plan, practice=False)
