"""A room for ceremonies, and a hierarchy that was made in one."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ceremony_table import Table, der_sha256, issuer_parts, key_parts, witness_lines, write_plan

ROOT_FOLDER = "TEST-root"
ROOT_CRL_PARTS = '[crl]\nname = "root"\nnumber = 1\ndays = 182\n'


@dataclass(frozen=True)
class Room:
    """A folder with witnesses' keys, and the table in it."""

    folder: Path
    table: Table
    witnesses: str

    def plan(self, name: str, parts: str, *, kind: str, window: str = "", top: str = "") -> Path:
        return write_plan(
            self.folder, name, parts, kind=kind, witnesses=self.witnesses, window=window, top=top
        )


def room_in(folder: Path) -> Room:
    return Room(folder=folder, table=Table(folder), witnesses=witness_lines(folder))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return room_in(tmp_path)


@dataclass(frozen=True)
class Held:
    """Root and Token CA, each made by its ceremonies at a pseudo-terminal, and their plans."""

    room: Room
    root: Path
    key: Path
    certificate: Path
    said: str

    @property
    def root_certificate(self) -> Path:
        return self.room.folder / ROOT_FOLDER / "TEST-root.pem"

    def under_root(self) -> str:
        return issuer_parts(ROOT_FOLDER, "TEST-root", der_sha256(self.root_certificate))


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    room = room_in(tmp_path_factory.mktemp("ceremonies"))
    root = room.plan("root", key_parts("root", "rsa-3072") + ROOT_CRL_PARTS, kind="root")
    assert room.table.hold(root) == 0, room.table.said
    said, root_shares = room.table.said, dict(room.table.shares)
    key = room.plan("token-key", key_parts("token-ca", "rsa-3072"), kind="key")
    assert room.table.hold(key) == 0, room.table.said
    said += room.table.said
    request = room.folder / "TEST-token-key" / "TEST-token-ca.p10.pem"
    made = Held(room=room, root=root, key=key, certificate=room.folder / "token.toml", said="")
    parts = f"""{made.under_root()}
[certificate]
name = "token-ca"
profile = "token-ca"
request = "TEST-token-key/TEST-token-ca.p10.pem"
request_sha256 = "{der_sha256(request)}"
"""
    certificate = room.plan("token", parts, kind="certificate")
    room.table.shares = root_shares
    assert room.table.hold(certificate) == 0, room.table.said
    # The papers that stay in the room are the root's.
    return Held(room=room, root=root, key=key, certificate=certificate, said=said + room.table.said)
