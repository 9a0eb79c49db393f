"""Ceremonies whose keys are in a PKCS#11 token (SoftHSM2)."""

import hashlib
import re
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from ceremonies.table import Killed, Table, der_sha256, issuer_parts
from fixtures.ceremony import ROOT_CRL_PARTS, ROOT_FOLDER, Held, Room, room_in
from pki.api.fields import from_pem
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, Conflict, SignerUnavailable
from pki.keys.pkcs11.ceremony import destroy, generate, inventory
from pki.keys.pkcs11.module import Pkcs11Module, find_key
from pki.keys.pkcs11.ports import KeyName
from server.ceremony.commands import verify
from server.ceremony.session import CeremonyRefused
from strangers.module_process import nothing_can_be_written
from strangers.softhsm import PIN, SoftHsm

pytestmark = pytest.mark.softhsm

TOKEN = "ca"


def _token_plan(room: Room, softhsm: SoftHsm, name: str, parts: str, *, kind: str) -> Path:
    token = f'token = {{ module = "{softhsm.module}", label = "{TOKEN}" }}'
    return room.plan(name, parts, kind=kind, top=f'keys = "pkcs11"\n{token}')


def _at(room: Room, softhsm: SoftHsm, token: str, parts: str, module: Path | None = None) -> Path:
    """A plan for a key in some token, of some module."""
    where = f'token = {{ module = "{module or softhsm.module}", label = "{token}" }}'
    return room.plan("key", parts, kind="key", top=f'keys = "pkcs11"\n{where}')


def _pin(_table: Table, _match: re.Match[str]) -> str:
    return PIN.decode()


def _key(name: str, profile: str, kind: str) -> str:
    return f'[key]\nname = "{name}"\nprofile = "{profile}"\ntype = "{kind}"\n'


def _labels(module: Pkcs11Module) -> set[str]:
    return {each.label for each in inventory(module, TOKEN)}


def test_a_root_in_a_token_at_a_terminal(room: Room, softhsm: SoftHsm) -> None:
    parts = _key("ceremony-root", "root", "rsa-3072") + ROOT_CRL_PARTS
    plan = _token_plan(room, softhsm, "root", parts, kind="root")
    room.table.replies = {r"PIN of token ca: ": _pin}
    assert room.table.hold(plan) == 0, room.table.said
    assert PIN.decode() not in room.table.said
    assert verify(plan, practice=False).code == 0
    folder = room.folder / "TEST-root"
    assert sorted(path.name for path in folder.glob("TEST*")) == [
        "TEST-ceremony-root.pem",
        "TEST-root.crl",
        "TEST-transcript.jsonl",
    ]
    assert PIN not in b"".join(path.read_bytes() for path in folder.iterdir())
    assert "TEST-ceremony-root" in room.table.said


def test_a_key_half_made_is_removed_and_one_that_exists_is_never_replaced(
    room: Room, softhsm: SoftHsm, hsm_module: Pkcs11Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = _key("half", "services-ca", "p-256")
    plan = _token_plan(room, softhsm, "services", parts, kind="key")
    room.table.replies = {r"PIN of token ca: ": _pin}

    def cut(*_arguments: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("server.ceremony.workspace.Workspace.commit", cut)
        with pytest.raises(Killed):
            room.table.hold_here(plan)
    assert "TEST-half" in _labels(hsm_module)
    assert room.table.hold_here(plan).code == 0
    assert "remove the unfinished key TEST-half" in room.table.said
    assert "TEST-half" in _labels(hsm_module)
    assert verify(plan, practice=False).code == 0
    again = _token_plan(room, softhsm, "again", parts, kind="key")
    with pytest.raises(Conflict, match="a key is never replaced"):
        room.table.hold_here(again)
    target = '[destroy]\nname = "TEST-half"\nfolder = "TEST-services"\nreason = "practice ends"\n'
    end = _token_plan(room, softhsm, "end", target, kind="key-destruction")
    assert room.table.hold_here(end).code == 0
    assert "TEST-half" not in _labels(hsm_module)
    assert verify(end, practice=False).code == 0


def _certificate_parts(room: Room, issuer: tuple[str, str], key: tuple[str, str]) -> str:
    """``issuer`` and ``key`` are folder and name; the certificate is called like its key."""
    own = room.folder / issuer[0] / f"TEST-{issuer[1]}.pem"
    request = f"{key[0]}/TEST-{key[1]}.p10.pem"
    return f"""{issuer_parts(issuer[0], f"TEST-{issuer[1]}", der_sha256(own))}
[certificate]
name = "{key[1]}"
profile = "{key[1]}"
request = "{request}"
request_sha256 = "{der_sha256(room.folder / request)}"
"""


@pytest.mark.openssl
def test_a_responders_key_in_the_token_certified_by_the_token_ca_there(
    held: Held, room: Room, softhsm: SoftHsm, hsm_module: Pkcs11Module
) -> None:
    shutil.copytree(held.room.folder / ROOT_FOLDER, room.folder / ROOT_FOLDER)
    room.table.replies = {r"PIN of token ca: ": _pin}
    for name, kind in (("token-ca", "rsa-3072"), ("ocsp-responder", "rsa-2048")):
        plan = _token_plan(room, softhsm, f"{name}-key", _key(name, name, kind), kind="key")
        assert room.table.hold_here(plan).code == 0
        assert verify(plan, practice=False).code == 0
    room.table.shares = dict(held.room.table.shares)
    parts = _certificate_parts(room, (ROOT_FOLDER, "root"), ("TEST-token-ca-key", "token-ca"))
    assert room.table.hold_here(room.plan("token-ca", parts, kind="certificate")).code == 0
    parts = _certificate_parts(
        room, ("TEST-token-ca", "token-ca"), ("TEST-ocsp-responder-key", "ocsp-responder")
    )
    plan = _token_plan(room, softhsm, "ocsp", parts, kind="certificate")
    assert room.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0
    responder = room.folder / "TEST-ocsp" / "TEST-ocsp-responder.pem"
    chain = ["-CAfile", room.folder / ROOT_FOLDER / "TEST-root.pem", "-untrusted"]
    chain += [room.folder / "TEST-token-ca" / "TEST-token-ca.pem", responder]
    words = ["openssl", "verify", "-x509_strict", "-purpose", "ocsphelper", *map(str, chain)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # What a server's configuration names: the label, and the id that follows from it.
    label = "TEST-ocsp-responder"
    key_id = hashlib.sha256(label.encode()).digest()[:8]
    found = find_key(hsm_module, KeyName(token=TOKEN, key_id=key_id, label=label))
    certificate = read_certificate(from_pem(responder.read_text()))
    assert certificate.content.public_key == found.public_key


def test_broken_off_now_and_then_no_half_key_is_left(
    tmp_path: Path, softhsm: SoftHsm, hsm_module: Pkcs11Module
) -> None:
    at, ended = 0, False
    room = room_in(tmp_path)
    room.table.replies = {r"PIN of token ca: ": _pin}
    before = _labels(hsm_module)
    while not ended:
        at += 3
        parts = _key(f"broken-{at}", "services-ca", "p-256")
        plan = _token_plan(room, softhsm, f"services-{at}", parts, kind="key")
        ended = room.table.hold_broken_off(plan, at)
        assert verify(plan, practice=False).code == 0
    assert at > 12
    assert _labels(hsm_module) - before == {f"TEST-broken-{each}" for each in range(3, at + 1, 3)}


def test_a_wrong_pin_is_given_once(room: Room, softhsm: SoftHsm) -> None:
    softhsm.add_token("pins")
    asked: list[str] = []

    def wrong(_table: Table, _match: re.Match[str]) -> str:
        asked.append("once")
        return "000000"

    room.table.replies = {r"PIN of token pins: ": wrong}
    plan = _at(room, softhsm, "pins", _key("pinned", "services-ca", "p-256"))
    with pytest.raises(ConfigurationInvalid, match="refused the PIN; it is not tried again"):
        room.table.hold_here(plan)
    assert asked == ["once"]
    assert "000000" not in room.table.said
    room.table.replies = {r"PIN of token pins: ": _pin}
    assert room.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0


def test_what_is_no_pkcs11_module_is_named(room: Room, softhsm: SoftHsm) -> None:
    module = room.folder / "module.so"
    parts = _key("nowhere", "services-ca", "p-256")
    room.table.replies = {r"PIN of token .+: ": _pin}
    plan = _at(room, softhsm, "ca", parts, module)
    with pytest.raises(ConfigurationInvalid, match="does not exist"):
        room.table.hold_here(plan)
    shutil.copy(resource.__file__, module)
    with pytest.raises(ConfigurationInvalid, match="cannot be used as a PKCS#11 module"):
        room.table.hold_here(plan)


def test_a_full_token_is_told_and_the_ceremony_goes_on_when_there_is_room(
    room: Room, softhsm: SoftHsm, hsm_module: Pkcs11Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _token_plan(room, softhsm, "key", _key("full", "services-ca", "p-256"), kind="key")
    room.table.replies = {r"PIN of token ca: ": _pin}

    def full(module: Pkcs11Module, key: KeyName, key_type: KeyType) -> bytes:
        with nothing_can_be_written():
            return generate(module, key, key_type)

    with monkeypatch.context() as patched:
        patched.setattr("server.ceremony.keys.token.generate", full)
        with pytest.raises((ConfigurationInvalid, SignerUnavailable)):
            room.table.hold_here(plan)
    assert "TEST-full" not in _labels(hsm_module)
    assert room.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0


def test_an_object_that_appears_in_the_token_is_named(
    room: Room, softhsm: SoftHsm, hsm_module: Pkcs11Module
) -> None:
    """Also one whose label only begins like the new key's."""
    evil = KeyName(token=TOKEN, key_id=b"evil", label="TEST-calm 2")

    def intrude(_table: Table, _match: re.Match[str]) -> str:
        generate(hsm_module, evil, KeyType.P256)
        return "Ja"

    plan = _token_plan(room, softhsm, "key", _key("calm", "services-ca", "p-256"), kind="key")
    room.table.replies = {r"PIN of token ca: ": _pin, r"A\. de Vries: make the key.+: ": intrude}
    try:
        with pytest.raises(CeremonyRefused, match="TEST-calm 2"):
            room.table.hold_here(plan)
    finally:
        destroy(hsm_module, evil)
    room.table.replies = {r"PIN of token ca: ": _pin}
    assert room.table.hold_here(plan).code == 0
