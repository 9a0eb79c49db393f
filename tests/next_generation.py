"""A further generation of the Token CA for a practice installation, as a ceremony would make it."""

import asyncio
from datetime import datetime

from ca.practice import Moment, SigningCa, make_subordinate
from pki.api.fields import to_pem
from pki.domain.algorithms import KeyType
from pki.keys.soft import SoftSigner, generate
from pki.ports import SystemClock, SystemEntropy
from practice import Practice
from server.files import write_new
from server.generation.authorities import profiles_of
from server.roles.keys import read_certificate_file
from server.setting.issuers import TokenCaSettings
from server.settings import load


def add_generation(
    practice: Practice,
    number: int,
    *,
    name: str = "ZORG-ID Token CA",
    since: datetime | None = None,
    state: str = "issues",
) -> str:
    """Key, certificate of the same root and table in the configuration; its id."""
    layout, found = practice.layout, f"token-ca-g{number}"
    published_as = f"zorg-id-token-ca-g{number}"
    settings = load(layout.config)
    generation = TokenCaSettings.model_construct(
        **{**dict(settings.token_ca[0]), "name": name, "published_as": published_as}
    )
    profiles = profiles_of(settings, generation)
    root = SigningCa(
        certificate=read_certificate_file(layout.certificate("root")),
        profile=profiles["root"],
        signer=SoftSigner.load(layout.key("root"), layout.secret("root-passphrase").read_bytes()),
    )
    passphrase = layout.secret("passphrase").read_bytes()
    key = generate(KeyType.RSA_3072, layout.key(found), passphrase)
    moment = Moment(now=since or SystemClock().now(), entropy=SystemEntropy())
    made = asyncio.run(make_subordinate(profiles["token-ca"], signer=key, root=root, moment=moment))
    write_new(layout.certificate(found), to_pem(made.certificate).encode())
    with layout.config.open("a", encoding="utf-8") as file:
        file.write(f"""
[[token_ca]]
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
