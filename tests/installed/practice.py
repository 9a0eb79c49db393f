"""A practice installation in a folder, the program running on it, and a desk to make cards at."""

import asyncio
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.unattended import Unattended
from card_writer.soft_token import SoftCard, SoftCardReader, SoftPass, SoftPassReader
from installed.program import START_SECONDS, Running, zorgid
from issuance.register_operator import NewOperator, record_operator
from issuance.register_organisation import NewOrganisation, record_organisation
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.fields import from_pem
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import CardNumber, UziNumber
from pki.domain.people import SYSTEM, BirthDate, Role
from pki.ports import SystemClock, SystemEntropy
from pki.store.writing import Store
from server.demo.cards import ORGANISATION, URA, Someone
from server.demo.stage import Ports, register_online, uzi_files, write_register
from server.demo.telling.tools import environment
from server.demo.uzi_register import IssuedPass, StandInRegister
from server.initialise import ADMINISTRATOR, initialise
from server.installation import Layout

STATUS_METRICS = 7
"""Offset of a port that the block keeps free: health of a second process."""

BIRTH_DATE = BirthDate(date(1988, 2, 29))


MOBIEL_CA = """\
[[mobiel_ca]]
id = "mobiel-ca-g1"
name = "ZORG-ID Mobiel CA"
certificate = "ca/mobiel-ca-g1.pem"
published_as = "zorg-id-mobiel-ca"
key = { file = "keys/mobiel-ca-g1.pem", passphrase_file = "secrets/passphrase" }

"""
"""As `zorgid init` writes it; most tests are of cards, and start faster without."""


def employee(number: int) -> Someone:
    """Someone who does not exist, with a medewerkerspas op naam."""
    return Someone(
        label=f"employee-{number}",
        surname="van den Heuvel",
        given_names="Chloë",
        uzi_number=UziNumber(f"{900_010_000 + number}"),
        birth_date=BIRTH_DATE.value,
    )


def tuned(text: str, *changes: tuple[str, str]) -> str:
    """A configuration with these pieces replaced; each must be there, or the test would lie."""
    for old, new in changes:
        if text.count(old) != 1:
            raise AssertionError(f"{text.count(old)} times in the configuration: {old!r}")
        text = text.replace(old, new)
    return text


@dataclass(kw_only=True)
class Practice:
    """One installation in a folder. Its ports and register are those of the whole session.

    ``patience``: seconds that a client of the API waits.
    """

    layout: Layout
    ports: Ports
    register: StandInRegister
    key_type: KeyType = KeyType.P256
    patience: float = 60.0
    _logs: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.base}"

    @property
    def ocsp_url(self) -> str:
        return f"{self.base_url}/ocsp"

    @property
    def api_url(self) -> str:
        return self.ports.api_url("localhost")

    @property
    def metrics_port(self) -> int:
        return self.ports.base + 3

    @property
    def config(self) -> Path:
        return self.layout.config

    def spawn(self, *words: str, script: Path | None = None) -> Running:
        """Start the program, or a script in its place, with these words."""
        log = self.layout.root / f"server-{next(self._logs)}.log"
        program = ["-m", "server.cli"] if script is None else [str(script)]
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, *program, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment(),
            )
        return Running(process, log)

    @contextmanager
    def serving(
        self, role: str = "all", *, config: Path | None = None, metrics_port: int | None = None
    ) -> Iterator[Running]:
        """`zorgid serve`, ready when the block begins."""
        words = ("serve", "--config", str(config or self.config), "--role", role)
        with self.spawn(*words) as server:
            server.until_ready(metrics_port or self.metrics_port)
            yield server

    def zorgid(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the program, to its end."""
        return zorgid(*words, cwd=self.layout.root)

    def status_config(self) -> Path:
        """The same configuration for a second process: its health listens elsewhere."""
        text = self.config.read_text("utf-8")
        ours, theirs = (f'"127.0.0.1:{self.ports.base + each}"' for each in (3, STATUS_METRICS))
        path = self.config.with_name("status.toml")
        path.write_text(tuned(text, (ours, theirs)), "utf-8")
        return path

    def change(self, *changes: tuple[str, str]) -> None:
        """Replace pieces of the configuration."""
        self.config.write_text(tuned(self.config.read_text("utf-8"), *changes), "utf-8")

    def add_mobiel_ca(self) -> None:
        """Let the next server have the Mobiel CA."""
        self.change(("[services_ca]\n", f"{MOBIEL_CA}[services_ca]\n"))

    def tls(self, who: str | None = None) -> ssl.SSLContext:
        """What a client of the API trusts; with the certificate of an operator, if named."""
        context = ssl.create_default_context(cafile=self.layout.certificate("root"))
        if who is not None:
            context.load_cert_chain(*self.layout.operator(who))
        return context

    def client(self, who: str | None = None) -> IssuanceClient:
        """A client of the API: ``team``, ``administrator``, or a holder."""
        return IssuanceClient(self.api_url, tls=self.tls(who), timeout_seconds=self.patience)

    def make_pass(self, someone: Someone) -> SoftPass:
        """A pass of the stand-in register."""
        return self.hold_pass(someone.label, self.register.issue(someone.subject))

    def hold_pass(self, label: str, issued: IssuedPass) -> SoftPass:
        """Any pass, as a software token."""
        folder = self.layout.root / "passes" / label
        return SoftPass.create(folder, key=issued.key, certificate=issued.certificate)

    def blank_card(self, label: str) -> SoftCard:
        """A blank card whose number follows from the label."""
        number = CardNumber(f"CARD-{label.upper()}")
        return SoftCard.blank(self.layout.root / "cards" / label, number, self.key_type)

    async def run_desk(self, uzi_pass: SoftPass, card: SoftCard) -> Made:
        """Make the card, or go on with it."""
        async with self.client() as client:
            desk = Desk(
                passes=SoftPassReader(uzi_pass),
                cards=SoftCardReader(card),
                person=Unattended(),
                client=client,
                entropy=SystemEntropy(),
            )
            return await desk.run(make_card(desk.entropy, birth_date=BIRTH_DATE))

    async def make_card(self, someone: Someone) -> Made:
        """A pass, a blank card, and all steps between."""
        return await self.run_desk(self.make_pass(someone), self.blank_card(someone.label))

    def openssl_ocsp(self, serial: str, *options: str, issuer: str = "token-ca-g1") -> str:
        """What `openssl ocsp` says of a serial: good, hold, revoked or unknown; verified."""
        root, by = (str(self.layout.certificate(name)) for name in ("root", issuer))
        asked = ("-issuer", by, "-serial", f"0x{serial}")
        words = ("openssl", "ocsp", "-CAfile", root, *options, *asked, "-url", self.ocsp_url)
        ran = subprocess.run(
            words, capture_output=True, text=True, check=False, env=environment(), timeout=120
        )
        found = re.search(r": (good|revoked|unknown)\s*$", ran.stdout, re.MULTILINE)
        if ran.returncode != 0 or "Response verify OK" not in ran.stderr or found is None:
            raise AssertionError(f"{words}: {ran.returncode} {ran.stdout} {ran.stderr}")
        return "hold" if "Reason: certificateHold" in ran.stdout else found[1]


async def refused(asked: Awaitable[object]) -> ProblemAnswered:
    """What the API says to something that it must not do."""
    with pytest.raises(ProblemAnswered) as caught:
        await asked
    if not caught.value.problem.detail:
        raise AssertionError("a refusal that says nothing to the person")
    return caught.value


def make_practice(folder: Path, ports: Ports) -> Practice:
    """An installation through `zorgid init`'s own code, with an organisation and its administrator.

    Small keys where they are not ours, P-256 where the profile allows: tests need many of them.
    """
    register = StandInRegister.create(
        crl_url=ports.uzi_crl, ocsp_url=ports.uzi_ocsp, now=SystemClock().now, ca_bits=2048
    )
    uzi = replace(uzi_files(folder), crl_max_age_seconds=0)
    initialise(folder, port_base=ports.base, say=lambda _: None, uzi=uzi)
    layout = Layout(folder)
    write_register(register, folder)
    practice = Practice(layout=layout, ports=ports, register=register)
    practice.change(
        (MOBIEL_CA, ""),
        ('profiles = "profiles"\n', 'profiles = "profiles"\ncard_profile = "card-p256"\n'),
        ("[status]\n", '[status]\nresponder_key = { type = "p-256" }\n'),
        ('mode = "private"', 'mode = "off"'),
    )
    _register_organisation(layout)
    return practice


def _register_organisation(layout: Layout) -> None:
    store = Store.open(f"sqlite:///{layout.store}", clock=SystemClock())
    entropy = SystemEntropy()
    certificate = from_pem(layout.operator(ADMINISTRATOR)[0].read_text("ascii"))
    organisation = NewOrganisation(ura=URA, name=ORGANISATION)
    operator = NewOperator(role=Role.ADMINISTRATOR, ura=URA, certificate=certificate)
    try:
        store.write_sync(lambda tx: record_organisation(tx, entropy, organisation, SYSTEM))
        store.write_sync(lambda tx: record_operator(tx, entropy, operator, SYSTEM))
    finally:
        store.close_sync()


def copied(practice: Practice, folder: Path) -> Practice:
    """The same installation in another folder."""
    shutil.copytree(practice.layout.root, folder)
    return replace(practice, layout=Layout(folder), _logs=iter(range(1000)))


@contextmanager
def register_served(register: StandInRegister, ports: Ports) -> Iterator[None]:
    """The stand-in register's CRL and OCSP, from a thread of their own."""
    ready, ends = threading.Event(), []

    async def serve() -> None:
        stop = asyncio.Event()
        ends.append((asyncio.get_running_loop(), stop))
        async with register_online(register, ports):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="uzi-register")
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise AssertionError("the stand-in register did not start")
        yield
    finally:
        for loop, stop in ends:
            loop.call_soon_threadsafe(stop.set)
        thread.join()
