"""How soon a change is seen in every worker, while both processors are full of questions.

A card is made as in practice, then blocked and unblocked through the API, again and again. Each
worker is asked about it without pause, over a connection that this very worker accepted.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from bench.status.figures import Pair, figure
from bench.status.installation import Installation, Served, Wanted
from bench.status.load import Aim, Faulty, script, wrk
from bench.status.machine import BOTH_CPUS
from pki.api.client import IssuanceClient
from pki.api.fields import from_pem
from pki.api.wire import BlockRequest, OperatorRequest, OrganisationRequest
from pki.der.ocsp import OcspError, OcspResponse, encode_request, make_cert_id, read_response
from pki.domain.people import Role
from pki.domain.reasons import BlockReason
from pki.domain.status import Good
from pki.ports import SystemClock
from server.demo.cards import EMPLOYEES, ORGANISATION, URA, DemoCard, Reception
from server.demo.stage import register_online, uzi_files, write_register
from server.demo.uzi_register import StandInRegister
from server.initialise import ADMINISTRATOR, TEAM, initialise
from server.installation import Layout

if TYPE_CHECKING:
    from bench.status.suite import Bench

BOUND: Final = 1.0
"""Seconds: what docs/status.md promises."""

CHANGES: Final = 60
_PAUSE: Final = 0.002
_WARM: Final = 1.0
_BETWEEN: Final = 0.15
_LONGEST: Final = 10.0
_BLOCK: Final = BlockRequest(reason=BlockReason.SECURITY_INCIDENT)


class Desk(Installation):
    """An installation at which cards can be made: it believes a stand-in UZI register."""

    register: StandInRegister

    def _make(self) -> None:
        uzi = uzi_files(self.folder)
        initialise(self.folder, port_base=self.ports.base, say=lambda _: None, uzi=uzi)
        self.register = StandInRegister.create(
            crl_url=self.ports.uzi_crl, ocsp_url=self.ports.uzi_ocsp, now=SystemClock().now
        )
        write_register(self.register, self.folder)
        for name in ("cards", "passes"):
            (self.folder / name).mkdir(mode=0o700)

    @property
    def layout(self) -> Layout:
        """Where its files are."""
        return Layout(self.folder)

    def client(self, who: str) -> IssuanceClient:
        """The API, as an operator."""
        tls = ssl.create_default_context(cafile=self.layout.certificate("root"))
        tls.load_cert_chain(*self.layout.operator(who))
        return IssuanceClient(self.ports.api_url("localhost"), tls=tls)

    async def card(self) -> DemoCard:
        """A confirmed card."""
        certificate = from_pem(self.layout.operator(ADMINISTRATOR)[0].read_text("ascii"))
        async with self.client(TEAM) as team:
            await team.register_organisation(OrganisationRequest(ura=URA, name=ORGANISATION))
            await team.register_operator(
                OperatorRequest(role=Role.ADMINISTRATOR, ura=URA, certificate=certificate)
            )
        reception = Reception(
            directory=self.folder,
            register=self.register,
            api=self.ports.api_url("localhost"),
            api_ca=self.layout.certificate("root"),
        )
        async with register_online(self.register, self.ports):
            return await reception.make_card(EMPLOYEES[0])

    def question(self, card: DemoCard) -> bytes:
        """What asks for its status."""
        number = card.certificate.serial_number
        return encode_request([make_cert_id(self._ca.subject_der, self._ca.public_key, number)])


@dataclass(slots=True)
class Asker:
    """Asks one worker without pause: what it said last, and since when."""

    connection: HTTPConnection
    body: bytes
    good: bool = True
    since: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> bytes | None:
        """One answer; whose it is, by the responder's key. None for tryLater, which shows nothing.

        A worker that gets no processor for two seconds says so, since it has not seen the journal.
        """
        self.connection.request("POST", "/ocsp", self.body, _TYPE)
        read = read_response(self.connection.getresponse().read())
        if read is OcspError.TRY_LATER:
            return None
        assert isinstance(read, OcspResponse), read
        good = isinstance(read.singles[0].status, Good)
        if good is not self.good or not self.since:
            # The time first: whoever sees the status then sees its time too.
            self.since, self.good = time.monotonic(), good
        return read.responder_key_hash

    def run(self) -> None:
        """Until it is stopped."""
        while not self.stopped.wait(_PAUSE):
            self.ask()


_TYPE: Final = {"Content-Type": "application/ocsp-request"}


@contextmanager
def asking(port: int, body: bytes, workers: int) -> Iterator[list[Asker]]:
    """One asker for each worker: connections are opened until each has accepted one."""
    found: dict[bytes, Asker] = {}
    while len(found) < workers:
        asker = Asker(HTTPConnection("127.0.0.1", port, timeout=_LONGEST), body)
        whose = asker.ask()
        if whose is not None:
            found.setdefault(whose, asker)
    askers = list(found.values())
    threads = [threading.Thread(target=each.run) for each in askers]
    for thread in threads:
        thread.start()
    try:
        yield askers
    finally:
        for each in askers:
            each.stopped.set()
        for thread in threads:
            thread.join()


def propagation(bench: "Bench") -> dict[str, dict[str, object]]:
    """From the API's answer to a change until each worker shows it."""
    folder = bench.folder / "desk"
    folder.mkdir()
    desk = Desk(folder)
    with desk.issuing():
        card = asyncio.run(desk.card())
        desk.fill(1000)
        with desk.serving(Wanted(cpus=BOTH_CPUS, workers=2)) as served:
            try:
                delays, rate = asyncio.run(_under_load(bench, desk, card, served))
            except ExceptionGroup as group:
                raise (group.subgroup(Faulty) or group).exceptions[0] from group
    p99 = quantiles(delays, n=100, method="inclusive")[98]
    shown = {
        "p50_ms": round(median(delays) * 1000, 1),
        "p99_ms": round(p99 * 1000, 1),
        "max_ms": round(max(delays) * 1000, 1),
    }
    pair = Pair(ours=1 / p99, reference=1 / BOUND)
    bench.told("propagation", 0, pair)
    what = "1 / p99 in seconds, against the promised bound of 1 s"
    made = figure([pair], what, **shown, delays=len(delays), answers_per_s_meanwhile=round(rate))
    return {"propagation": made}


async def _under_load(
    bench: "Bench", desk: Desk, card: DemoCard, served: Served
) -> tuple[list[float], float]:
    aim = Aim(url=served.url, bodies=desk.requests(range(100)))
    load = script(bench.folder, "propagation", aim)
    delays: list[float] = []

    def loaded() -> float:
        seconds = _WARM + CHANGES * 4 * _BETWEEN
        done = wrk(served.url, load, server=served.pid, seconds=seconds, cpu=BOTH_CPUS)
        return done.rate

    with asking(desk.ports.base, desk.question(card), 2) as askers:
        async with asyncio.TaskGroup() as tasks, desk.client(ADMINISTRATOR) as client:
            loading = tasks.create_task(asyncio.to_thread(loaded))
            await asyncio.sleep(_WARM)
            for number in range(CHANGES):
                if number % 2:
                    await client.unblock(card.card_id)
                else:
                    await client.block(card.card_id, _BLOCK)
                delays += await _seen(askers, time.monotonic(), good=bool(number % 2))
                await asyncio.sleep(_BETWEEN)
            if loading.done():
                raise Faulty("the load ended before the changes did")
    return delays, loading.result()


async def _seen(askers: list[Asker], answered: float, *, good: bool) -> list[float]:
    """Seconds until each worker said it; 0 for one that did before the API had answered."""
    while any(each.good is not good for each in askers):
        if time.monotonic() > answered + _LONGEST:
            raise Faulty("a change was not seen")
        await asyncio.sleep(_PAUSE)
    return [max(0.0, each.since - answered) for each in askers]
