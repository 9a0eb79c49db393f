"""Ceremonies whose keys are in a PKCS#11 token (SoftHSM2)."""

import re
from pathlib import Path

import pytest

from ceremony_table import Killed, Table
from fixtures_ceremony import ROOT_CRL_PARTS, Room
from pki.domain.errors import Conflict
from pki.keys.pkcs11.ceremony import inventory
from pki.keys.pkcs11.module import Pkcs11Module
from server.ceremony.commands import verify
from softhsm import PIN, SoftHsm

pytestmark = pytest.mark.softhsm

TOKEN = "ca"


def _token_plan(room: Room, softhsm: SoftHsm, name: str, parts: str, *, kind: str) -> Path:
    token = f'token = {{ module = "{softhsm.module}", label = "{TOKEN}" }}'
    return room.plan(name, parts, kind=kind, top=f'keys = "pkcs11"\n{token}')


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
