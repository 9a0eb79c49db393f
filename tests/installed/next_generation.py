"""A further generation of a CA for a practice installation, as a ceremony would make it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from ca.practice import Moment, SigningCa, make_subordinate
from installed.practice import Practice
from pki.api.fields import to_pem
from pki.domain.algorithms import KeyType
from pki.keys.soft import SoftSigner, generate
from pki.ports import SystemClock, SystemEntropy
from server.files import write_new
from server.generation.authorities import profiles_of
from server.roles.keys import read_certificate_file
from server.settings import load


def practice_root(practice: Practice) -> SigningCa:
    """The offline root of a practice installation, unlocked."""
    layout, settings = practice.layout, load(practice.layout.config)
    return SigningCa(
        certificate=read_certificate_file(layout.certificate("root")),
        profile=profiles_of(settings, settings.token_ca[0])["root"],
        signer=SoftSigner.load(layout.key("root"), layout.secret("root-passphrase").read_bytes()),
    )


def add_mobiel_generation(practice: Practice, number: int) -> str:
    """As `add_generation`, of the Mobiel CA."""
    made = NextGeneration("mobiel_ca", "mobiel-ca", KeyType.P256)
    return made.add(practice, number, "ZORG-ID Mobiel CA", None, "issues")


def add_generation(
    practice: Practice,
    number: int,
    *,
    name: str = "ZORG-ID Token CA",
    since: datetime | None = None,
    state: str = "issues",
) -> str:
    """Key, certificate of the same root and table in the configuration; its id."""
    made = NextGeneration("token_ca", "token-ca", KeyType.RSA_3072)
    return made.add(practice, number, name, since, state)


@dataclass(frozen=True)
class NextGeneration:
    """Of which CA: its table, its profile (and the beginning of its id), its kind of key."""

    table: str
    profile: str
    key_type: KeyType

    def add(
        self, practice: Practice, number: int, name: str, since: datetime | None, state: str
    ) -> str:
        layout, found = practice.layout, f"{self.profile}-g{number}"
        published_as = f"zorg-id-{found}"
        settings = load(layout.config)
        first = dict(settings)[self.table][0]
        generation = first.model_copy(update={"name": name, "published_as": published_as})
        profile = profiles_of(settings, generation)[self.profile]
        key = generate(self.key_type, layout.key(found), layout.secret("passphrase").read_bytes())
        moment = Moment(now=since or SystemClock().now(), entropy=SystemEntropy())
        root = practice_root(practice)
        made = asyncio.run(make_subordinate(profile, signer=key, root=root, moment=moment))
        write_new(layout.certificate(found), to_pem(made.certificate).encode())
        with layout.config.open("a", encoding="utf-8") as file:
            file.write(f"""
[[{self.table}]]
id = "{found}"
name = "{name}"
certificate = "ca/{found}.pem"
published_as = "{published_as}"
state = "{state}"
key = {{ file = "keys/{found}.pem", passphrase_file = "secrets/passphrase" }}
""")
        return found


def set_state(practice: Practice, generation: str, state: str) -> None:
    """Write the state of a generation that has none yet."""
    line = f'id = "{generation}"\n'
    practice.change((line, f'{line}state = "{state}"\n'))
