"""A second root for a practice installation, its link to the first, and a Token CA under it."""

import asyncio
from dataclasses import replace

from ca.ceremony.links import prepare_link
from ca.practice import Moment, SigningCa, make_crl, make_root, make_subordinate
from ca.profiles import load_profiles
from ca.sign import sign_certificate
from installed.practice import Practice
from pki.api.fields import to_pem
from pki.domain.algorithms import KeyType
from pki.keys.algorithms import generate_private_key
from pki.keys.soft import SoftSigner, generate
from pki.ports import SystemClock, SystemEntropy
from server.files import write_new
from server.generation.authorities import ca_settings
from server.roles.keys import read_certificate_file
from server.settings import load

ROOT, LINK, GENERATION = "root-g2", "root-g2-by-g1", "token-ca-g2"
TABLES = f"""
[[root]]
id = "{ROOT}"
name = "ZORG-ID Root CA"
certificate = "ca/{ROOT}.pem"
published_as = "{ROOT}"
crl = "ca/{ROOT}.crl"

[[root.links]]
certificate = "ca/{LINK}.pem"
published_as = "{LINK}"

[[token_ca]]
id = "{GENERATION}"
name = "ZORG-ID Token CA"
certificate = "ca/{GENERATION}.pem"
published_as = "zorg-id-{GENERATION}"
key = {{ file = "keys/{GENERATION}.pem", passphrase_file = "secrets/passphrase" }}
"""


def roll_root_over(practice: Practice) -> None:
    """As ceremonies would: a root of the same name, NewWithOld, a CRL, a generation under it."""
    asyncio.run(_made(practice))
    with practice.layout.config.open("a", encoding="utf-8") as file:
        file.write(TABLES)


async def _made(practice: Practice) -> None:
    layout, settings = practice.layout, load(practice.layout.config)
    base = settings.token_ca[0]
    found = base.model_copy(update={"published_as": f"zorg-id-{GENERATION}"})
    filled = replace(ca_settings(settings, found), root_published_as=ROOT)
    profiles = load_profiles(settings.profiles, settings=filled)
    moment = Moment(now=SystemClock().now(), entropy=SystemEntropy())
    old = SigningCa(
        certificate=read_certificate_file(layout.certificate("root")),
        profile=profiles["root"],
        signer=SoftSigner.load(layout.key("root"), layout.secret("root-passphrase").read_bytes()),
    )
    new_key = SoftSigner(generate_private_key(KeyType.RSA_3072))
    new = await make_root(profiles["root"], signer=new_key, moment=moment)
    link = prepare_link(profiles["link"], new.certificate, old.issuer, moment)
    linked = await sign_certificate(link.tbs, signer=old.signer, issuer_certificate=old.certificate)
    key = generate(
        KeyType.RSA_3072, layout.key(GENERATION), layout.secret("passphrase").read_bytes()
    )
    token_ca = await make_subordinate(profiles["token-ca"], signer=key, root=new, moment=moment)
    for name, der in ((ROOT, new.certificate), (LINK, linked), (GENERATION, token_ca.certificate)):
        write_new(layout.certificate(name), to_pem(der).encode())
    write_new(layout.crl(ROOT), await make_crl(new, number=1, now=moment.now))
