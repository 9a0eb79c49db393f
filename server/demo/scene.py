"""Everything on its place: an installation, a stand-in register, and a server that answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509

from pki.api.client import IssuanceClient
from pki.api.fields import from_pem
from pki.ports import SystemClock
from server.demo.cards import DemoCard, Reception
from server.demo.proofs import Proofs
from server.demo.stage import (
    Ports,
    register_online,
    server_running,
    uzi_files,
    write_register,
)
from server.demo.telling.narrator import Narrator
from server.demo.telling.tools import Tools
from server.demo.uzi_register import StandInRegister
from server.demo.watching import Addresses, Outside
from server.initialise import ADMINISTRATOR, TEAM, initialise
from server.installation import Layout
from server.settings import Settings, load

VIEWS: Final = ("OCSP", "CRL", "LDAP")
_FOLDERS: Final = ("cards", "passes", "proofs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the story can use once the curtain is up."""

    settings: Settings
    layout: Layout
    ports: Ports
    addresses: Addresses
    api: str
    issuer: x509.Certificate
    reception: Reception
    outside: Outside
    proofs: Proofs
    server: asyncio.subprocess.Process

    def operator_client(self, name: str) -> IssuanceClient:
        """The API as an operator calls it: with a client certificate."""
        tls = ssl.create_default_context(cafile=self.settings.root[0].certificate)
        certificate, key = self.layout.operator(name)
        tls.load_cert_chain(certificate, key)
        return IssuanceClient(self.api, tls=tls)

    def team(self) -> IssuanceClient:
        """The ZORG-ID team."""
        return self.operator_client(TEAM)

    def administrator(self) -> IssuanceClient:
        """The organisation's administrator."""
        return self.operator_client(ADMINISTRATOR)

    def administrator_certificate(self) -> bytes:
        """The DER of the administrator's client certificate."""
        return from_pem(self.layout.operator(ADMINISTRATOR)[0].read_text("ascii"))


@dataclass(slots=True, kw_only=True)
class Play:
    """What the acts share: who tells, with which tools, on which scene, and what came of it.

    ``readers``: a program that holds cards in readers. ``card_chain``: the certificate of the card
    that was made there.
    """

    directory: Path
    narrator: Narrator
    tools: Tools
    scene: Scene
    readers: Path | None = None
    card_chain: Path | None = None
    cards: dict[str, DemoCard] = field(default_factory=dict)
    delays: dict[str, dict[str, float]] = field(default_factory=dict)

    def tell_delays(self, change: str) -> None:
        """How soon each view showed the change."""
        row = self.delays[change]
        parts = [f"{view} {milliseconds(row[view])}" for view in VIEWS if view in row]
        self.narrator.good("delays", change=self.narrator.texts(change), views=" · ".join(parts))


def milliseconds(seconds: float) -> str:
    """A delay as it is shown."""
    return f"{seconds * 1000:.0f} ms"


async def make_files(directory: Path, ports: Ports, narrator: Narrator) -> StandInRegister:
    """Make the installation and, beside it, the register that its configuration trusts."""
    narrator.say("making_keys")

    def install() -> None:
        uzi = uzi_files(directory)
        initialise(directory, port_base=ports.base, say=lambda _text: None, uzi=uzi)

    def found_register() -> StandInRegister:
        now = SystemClock().now
        return StandInRegister.create(crl_url=ports.uzi_crl, ocsp_url=ports.uzi_ocsp, now=now)

    async with asyncio.TaskGroup() as group:
        installing = group.create_task(asyncio.to_thread(install))
        founding = group.create_task(asyncio.to_thread(found_register))
    await installing
    register = founding.result()
    await asyncio.to_thread(write_register, register, directory)
    for folder in _FOLDERS:
        (directory / folder).mkdir(mode=0o700)
    return register


@asynccontextmanager
async def raise_curtain(
    directory: Path, register: StandInRegister, ports: Ports, tools: Tools
) -> AsyncIterator[Scene]:
    """Start everything; when the block ends, everything that was started has ended."""
    layout = Layout(directory)
    settings = load(layout.config)
    addresses = _addresses(settings, ports)
    api = ports.api_url(settings.api.audience)
    issuer = x509.load_pem_x509_certificate(settings.token_ca[0].certificate.read_bytes())
    root = settings.root[0].certificate
    reception = Reception(directory=directory, register=register, api=api, api_ca=root)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(register_online(register, ports))
        running = server_running(layout.config, ports, tools.narrator)
        server = await stack.enter_async_context(running)
        outside = await stack.enter_async_context(Outside(addresses, issuer, tools.narrator))
        yield Scene(
            settings=settings,
            layout=layout,
            ports=ports,
            addresses=addresses,
            api=api,
            issuer=issuer,
            reception=reception,
            outside=outside,
            server=server,
            proofs=Proofs(
                tools=tools,
                narrator=tools.narrator,
                addresses=addresses,
                root=root,
                token_ca=settings.token_ca[0].certificate,
            ),
        )


def _addresses(settings: Settings, ports: Ports) -> Addresses:
    base = settings.status.public_url
    return Addresses(
        ocsp=f"{base}/ocsp",
        crl_token=f"{base}/crl/{settings.token_ca[0].published_as}.crl",
        crl_root=f"{base}/crl/{settings.root[0].published_as}.crl",
        ca_issuers=f"{base}/ca/{settings.token_ca[0].published_as}.cer",
        ldap=ports.ldap_url,
        ldap_base=settings.ldap.base,
        ldap_ca=settings.token_ca[0].id,
    )
