"""Two generations of root and Token CA, and the parts of plans that join them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ceremonies.table import der_sha256, issuer_parts
from fixtures.ceremony import Room
from pki.api.fields import from_pem
from pki.der.certificate import Certificate, read_certificate

Papers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Rolled:
    """Two generations of root and Token CA; ``papers`` are the shares of each key, by folder."""

    room: Room
    papers: Mapping[str, Papers]
    plans: tuple[Path, ...]

    def path(self, folder: str, name: str) -> Path:
        return self.room.folder / f"TEST-{folder}" / f"TEST-{name}"

    def certificate(self, folder: str, name: str) -> Certificate:
        return read_certificate(from_pem(self.path(folder, f"{name}.pem").read_text("ascii")))

    @property
    def old_root(self) -> Path:
        return self.path("root", "root.pem")

    @property
    def new_root(self) -> Path:
        return self.path("root-2", "root.pem")


def link_parts(room: Room, *, signs: str, key_of: str) -> str:
    """The link that root ``signs`` makes for the key of root ``key_of``."""
    issuer = room.folder / f"TEST-{signs}" / "TEST-root.pem"
    linked = f"TEST-{key_of}/TEST-root.pem"
    return f"""{issuer_parts(f"TEST-{signs}", "TEST-root", der_sha256(issuer))}
[link]
name = "link"
profile = "link"
certificate = "{linked}"
certificate_sha256 = "{der_sha256(room.folder / linked)}"
"""


def under_second_root(room: Room) -> str:
    root = room.folder / "TEST-root-2" / "TEST-root.pem"
    request = "TEST-token-key-2/TEST-token-ca.p10.pem"
    return f"""{issuer_parts("TEST-root-2", "TEST-root", der_sha256(root))}
[certificate]
name = "token-ca"
profile = "token-ca"
request = "{request}"
request_sha256 = "{der_sha256(room.folder / request)}"
"""


def hold(room: Room, plan: Path) -> Path:
    assert room.table.hold_here(plan).code == 0, room.table.said
    return plan
