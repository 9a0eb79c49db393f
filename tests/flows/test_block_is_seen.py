"""A block is seen: at once in the same process, soon in another, and never undone by a restart."""

import asyncio
import base64
import json
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from card_writer.flow.making import Made
from installed.nursery import Nursery
from installed.practice import STATUS_METRICS, Practice, employee
from installed.program import START_SECONDS, Running, exchanged, fetched, until
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.identifiers import CardId
from pki.domain.reasons import BlockReason, RevokeReason
from server.initialise import ADMINISTRATOR

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

ROUNDS = 10
BLOCK = BlockRequest(reason=BlockReason.SECURITY_INCIDENT)


@dataclass(frozen=True)
class Asker:
    """A relying party that asks the same question again and again."""

    practice: Practice
    made: Made

    def request(self, digest: hashes.HashAlgorithm) -> bytes:
        pem = self.practice.layout.certificate("token-ca-g1").read_bytes()
        issuer = x509.load_pem_x509_certificate(pem)
        card = x509.load_der_x509_certificate(self.made.certificate)
        builder = ocsp.OCSPRequestBuilder().add_certificate(card, issuer, digest)
        return builder.build().public_bytes(Encoding.DER)

    def post(self) -> str:
        body = self.request(hashes.SHA256())
        return shown(*exchanged(self.practice.ocsp_url, body, "application/ocsp-request"))

    def get(self) -> str:
        path = quote(base64.b64encode(self.request(hashes.SHA1())), safe="")  # noqa: S303 -- asked by many
        return shown(*exchanged(f"{self.practice.ocsp_url}/{path}"))

    def everywhere(self) -> set[str]:
        return {self.post(), self.get()}


def shown(status: int, body: bytes) -> str:
    answer = ocsp.load_der_ocsp_response(body)
    if status != 200 or answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status.name
    if answer.revocation_reason is x509.ReasonFlags.certificate_hold:
        return "hold"
    return answer.certificate_status.name.lower()


@dataclass
class Watch:
    """Asks without pause, from a thread, and keeps when each question was asked."""

    ask: Callable[[], str]
    seen: list[tuple[float, str]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                began = time.monotonic()
                self.seen.append((began, self.ask()))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    async def has_asked_since(self, moment: float) -> None:
        """Wait until a question asked after `moment` has its answer, and a few more."""
        async with asyncio.timeout(START_SECONDS):
            while not self.after(moment, math.inf):  # noqa: ASYNC110 -- a thread asks
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)

    def after(self, moment: float, until: float) -> set[str]:
        return {what for began, what in self.seen if moment <= began < until}


async def test_no_old_answer_after_the_api_has_answered(
    practice: Practice, nursery: Nursery
) -> None:
    with nursery.serving(practice):
        asker = Asker(practice, await practice.make_card(employee(1)))
        card = asker.made.card.card_id
        async with practice.client(ADMINISTRATOR) as administrator:
            for _ in range(ROUNDS):
                assert asker.everywhere() == {"good"}
                await administrator.block(card, BLOCK)
                assert asker.everywhere() == {"hold"}
                await administrator.unblock(card)
            assert asker.everywhere() == {"good"}
            await administrator.block(card, BLOCK)
            await administrator.revoke(card, RevokeRequest(reason=RevokeReason.DEFECT))
            assert asker.everywhere() == {"revoked"}


async def test_no_old_answer_for_those_who_never_stop_asking(
    practice: Practice, nursery: Nursery
) -> None:
    with nursery.serving(practice):
        asker = Asker(practice, await practice.make_card(employee(2)))
        card, watch = asker.made.card.card_id, Watch(asker.post)
        changes: list[tuple[float, float, str]] = []
        async with practice.client(ADMINISTRATOR) as administrator:
            with watch.running():
                for number in range(2 * ROUNDS):
                    blocking = number % 2 == 0
                    if blocking:
                        await administrator.block(card, BLOCK)
                    else:
                        await administrator.unblock(card)
                    answered = time.monotonic()
                    await watch.has_asked_since(answered)
                    changes.append((answered, time.monotonic(), "hold" if blocking else "good"))
    for answered, until_next, status in changes:
        assert watch.after(answered, until_next) == {status}


@contextmanager
def apart(practice: Practice) -> Iterator[tuple[Running, Running]]:
    """The roles issuance and status as two processes."""
    port = practice.ports.base + STATUS_METRICS
    with practice.serving("issuance") as issuance:
        config = practice.status_config()
        with practice.serving("status", config=config, metrics_port=port) as status:
            yield issuance, status


async def test_another_process_sees_it_soon(practice: Practice) -> None:
    with apart(practice) as (issuance, status):
        asker = Asker(practice, await practice.make_card(employee(3)))
        card = asker.made.card.card_id
        until(lambda: asker.everywhere() == {"good"}, "the confirmation is seen")
        async with practice.client(ADMINISTRATOR) as administrator:
            for _ in range(3):
                await administrator.block(card, BLOCK)
                until(lambda: asker.everywhere() == {"hold"}, "the block is seen")
                await administrator.unblock(card)
                until(lambda: asker.everywhere() == {"good"}, "the end is seen")
            await administrator.block(card, BLOCK)
        until(lambda: asker.everywhere() == {"hold"}, "the last block is seen")
        issuance.kill()
        assert {*asker.everywhere(), practice.openssl_ocsp(serial(asker))} == {"hold"}
        assert status.code is None
    assert status.code == 0


def serial(asker: Asker) -> str:
    return f"{x509.load_der_x509_certificate(asker.made.certificate).serial_number:040x}"


def crl_of(practice: Practice) -> tuple[int, set[int]]:
    crl = x509.load_der_x509_crl(fetched(f"{practice.base_url}/crl/zorg-id-token-ca.crl"))
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, {entry.serial_number for entry in crl}


async def follow(practice: Practice, card: CardId, serial: int) -> list[int]:
    """Block and unblock; the CRL's number before, with the card listed, and without it again."""

    def listed() -> bool:
        return serial in crl_of(practice)[1]

    numbers = [crl_of(practice)[0]]
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(card, BLOCK)
        until(listed, "the block is on the CRL")
        numbers.append(crl_of(practice)[0])
        await administrator.unblock(card)
        until(lambda: not listed(), "the lifted block is off the CRL")
        numbers.append(crl_of(practice)[0])
    return numbers


async def test_crl_numbers_rise_over_restarts_and_deaths(
    practice: Practice, nursery: Nursery
) -> None:
    with nursery.serving(practice) as pid:
        made = await practice.make_card(employee(4))
        card = x509.load_der_x509_certificate(made.certificate).serial_number
        numbers = await follow(practice, made.card.card_id, card)
        os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        with nursery.serving(practice):
            found = await follow(practice, made.card.card_id, card)
        assert found[0] >= numbers[-1]
        numbers += found[1:]
    assert all(earlier < later for earlier, later in pairwise(numbers))
    shown = practice.zorgid("journal", "show", "--json", "--limit", "1000")
    entries = json.loads(shown.stdout)["result"]["entries"]
    published = [
        entry["payload"]["number"]
        for entry in entries
        if entry["kind"] == "crl.published" and entry["payload"]["issuer"] == "token-ca-g1"
    ]
    assert published == list(range(1, len(published) + 1))
    assert set(numbers) <= set(published)
