"""What a collector of OpenTelemetry gets of a card that was made: all of it, nothing secret."""

import asyncio
from dataclasses import dataclass, field
from itertools import chain

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from installed.nursery import Nursery
from installed.practice import BIRTH_DATE, Practice, employee
from installed.program import until
from pki.api.client import IssuanceClient
from pki.api.wire import BlockRequest
from pki.domain.reasons import BlockReason
from pki.telemetry.trace_context import Trace
from secrecy.sought import Sought, written, written_day
from server.initialise import ADMINISTRATOR
from strangers.collector import collector

pytestmark = pytest.mark.slow

PERSON = employee(5)
CALLER = Trace.of("a caller of ours")
LASTING = ("CRL", "publication of a CRL")
"""Spans of what always takes longer than the tenth of a millisecond that a line tells."""


@dataclass
class Received:
    """What a collector was sent."""

    bodies: list[bytes] = field(default_factory=list)

    def sent(self) -> list[Span]:
        """All of them, whichever request they came in."""
        requests = map(ExportTraceServiceRequest.FromString, self.bodies)
        resources = chain.from_iterable(each.resource_spans for each in requests)
        scopes = chain.from_iterable(each.scope_spans for each in resources)
        return list(chain.from_iterable(each.spans for each in scopes))

    def spans(self) -> list[tuple[str, str, str, str]]:
        """Name, trace, id and parent of each."""
        return [
            (each.name, each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex())
            for each in self.sent()
        ]


async def use(practice: Practice) -> None:
    """A card is made, and blocked by somebody who says which trace that is in."""
    made = await practice.make_card(PERSON)
    async with IssuanceClient(
        practice.api_url,
        tls=practice.tls(ADMINISTRATOR),
        timeout_seconds=practice.patience,
        traceparent=CALLER.traceparent,
    ) as client:
        await client.block(made.card.card_id, BlockRequest(reason=BlockReason.LOSS))


@pytest.fixture(scope="module")
def received(module_practice: Practice, nursery: Nursery) -> Received:
    received = Received()
    with collector(received.bodies) as endpoint:
        module_practice.layout.root.joinpath("crl-out").mkdir()
        with module_practice.config.open("a", encoding="utf-8") as file:
            file.write(f'\n[tracing]\nendpoint = "{endpoint}"\n[crl_folder]\npath = "crl-out"\n')
        with nursery.serving(module_practice):
            asyncio.run(use(module_practice))
            until(
                lambda: {"publication", *LASTING} <= {each[0] for each in received.spans()},
                "the change is seen from outside",
            )
    assert nursery.code == 0
    return received


def test_a_request_is_followed_through_transaction_and_signature(received: Received) -> None:
    spans = received.spans()
    requests = {span_id: (name, trace) for name, trace, span_id, _ in spans if " /v1/" in name}
    assert "POST /v1/cards/{card_id}/block" in {name for name, _ in requests.values()}
    below: dict[str, set[str]] = {name: set() for name, _ in requests.values()}
    for name, trace, _, parent in spans:
        if parent in requests:
            assert requests[parent][1] == trace
            below[requests[parent][0]].add(name)
    assert any({"signature", "transaction"} <= each for each in below.values())
    assert below["POST /v1/cards/{card_id}/block"] == {"transaction"}


def test_the_caller_has_a_part_in_it(received: Received) -> None:
    (blocked,) = [each for each in received.spans() if each[0].endswith("/block")]
    assert (blocked[1], blocked[3]) == (CALLER.trace_id, CALLER.span_id)


@pytest.mark.parametrize("name", LASTING)
def test_what_was_published_shows_how_long_that_took(name: str, received: Received) -> None:
    found = [each for each in received.sent() if each.name == name]
    assert found
    assert all(each.end_time_unix_nano > each.start_time_unix_nano for each in found)


def test_nothing_secret_or_personal_is_sent(module_practice: Practice, received: Received) -> None:
    private = {
        "birth date": written_day(BIRTH_DATE.value),
        "name": written(PERSON.surname.encode()),
        "number": written(PERSON.uzi_number.value.encode()),
    }
    for path in module_practice.layout.secret("passphrase").parent.iterdir():
        private[path.name] = written(path.read_bytes().strip())
    assert len(private) >= 7
    assert sum(map(len, received.bodies)) > 2000
    assert Sought.of(private).within(received.bodies) == set()


def test_a_collector_that_is_away_holds_nothing_up(practice: Practice, nursery: Nursery) -> None:
    """It becomes ready, what it did while it started is lost as spans, and it ends in order."""
    with practice.config.open("a", encoding="utf-8") as file:
        file.write('\n[tracing]\nendpoint = "http://127.0.0.1:9/v1/traces"\n')
    with nursery.serving(practice):
        pass
    assert nursery.code == 0
    assert '"message":"recorded"' in (practice.layout.root / "servers.log").read_text("utf-8")
