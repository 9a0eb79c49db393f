"""Spans of OpenTelemetry: of the lines that are named, in their trace, with what a log may show."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from pki.domain.people import BirthDate
from pki.telemetry.logs import bound_request
from pki.telemetry.spans import REQUEST, SPANS, SpanHandler
from pki.telemetry.trace_context import Trace

ROOT = Path(__file__).resolve().parents[3]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{PARENT}-01"
SIGNED = ("server.metering.signing", "signed")


class Spans:
    """What a handler makes of lines."""

    def __init__(self, ratio: float = 1.0) -> None:
        self.exporter = InMemorySpanExporter()
        processor = SimpleSpanProcessor(self.exporter)
        self.handler = SpanHandler(processor, {"service.name": "test"}, ratio=ratio)

    def line(
        self, named: tuple[str, str], level: int = logging.INFO, **fields: object
    ) -> list[ReadableSpan]:
        """Log it; the spans there are since."""
        self.exporter.clear()
        logger = logging.getLogger(named[0])
        logger.addHandler(self.handler)
        before = logger.level
        logger.setLevel(logging.INFO)
        try:
            logger.log(level, named[1], extra=fields)
        finally:
            logger.setLevel(before)
            logger.removeHandler(self.handler)
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.handler.shut()


def answered(spans: Spans, status: int = 200) -> ReadableSpan:
    (span,) = spans.line(
        REQUEST, method="POST", route="/v1/cards", status=status, milliseconds=12.5
    )
    return span


def test_a_request_is_a_span_below_its_caller(spans: Spans) -> None:
    with bound_request("a1", HEADER):
        (signed,) = spans.line(SIGNED, signer="token-ca-g1", purpose="certificate")
        request = answered(spans)
    assert request.context is not None
    assert request.parent is not None
    assert signed.parent is not None
    ids = f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}"
    assert ids == (TRACE, PARENT)
    assert request.parent.is_remote
    assert (signed.parent.trace_id, signed.parent.span_id) == (
        request.context.trace_id,
        request.context.span_id,
    )
    assert (request.name, request.kind) == ("POST /v1/cards", SpanKind.SERVER)
    assert (signed.name, signed.kind) == ("signature", SpanKind.INTERNAL)
    assert request.start_time is not None
    assert request.end_time is not None
    assert request.end_time - request.start_time == 12_500_000
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/cards",
        "http.response.status_code": 200,
        "zorgid.request_id": "a1",
        "zorgid.trace_id": TRACE,
    }


def test_a_request_without_a_caller_is_a_root(spans: Spans) -> None:
    with bound_request("b2"):
        request = answered(spans, status=503)
    assert request.parent is None
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" == Trace.of("b2").trace_id
    assert request.status.status_code is StatusCode.ERROR


def test_what_no_request_asked_for_is_a_trace_of_its_own(spans: Spans) -> None:
    (first,) = spans.line(SIGNED, signer="a", purpose="CRL")
    (second,) = spans.line(SIGNED, signer="a", purpose="CRL")
    assert first.parent is None
    assert first.context is not None
    assert second.context is not None
    assert first.context.trace_id != second.context.trace_id


def test_no_other_line_is_a_span(spans: Spans) -> None:
    assert not spans.line((SIGNED[0], "something else"))
    assert not spans.line(("elsewhere", SIGNED[1]))
    assert not spans.line((SIGNED[0], "it failed"), logging.ERROR)


def test_nothing_secret_or_personal_is_an_attribute(spans: Spans) -> None:
    day = date(1988, 2, 29)
    (span,) = spans.line(
        SIGNED,
        signer="a",
        pin="123456",
        new_pin="654321",
        token="session-token",
        authorization="Bearer x",
        birth_date="1988-02-29",
        born=BirthDate(day),
        day=day,
        octets=b"secret octets",
        holder=object(),
    )
    text = repr(span.attributes)
    for secret in ("123456", "654321", "session-token", "Bearer", "1988", "secret octets"):
        assert secret not in text
    assert "'zorgid.signer': 'a'" in text


def test_long_text_is_cut(spans: Spans) -> None:
    (span,) = spans.line(SIGNED, signer="a" * 10_000)
    assert len(str((span.attributes or {})["zorgid.signer"])) == 256


def test_a_part_of_all_traces_and_each_of_them_whole() -> None:
    few = Spans(ratio=0.25)
    kept = 0
    for number in range(200):
        with bound_request(f"request-{number}"):
            made = [*few.line(SIGNED, signer="a"), *few.line(SIGNED, signer="b")]
        assert len(made) in {0, 2}
        kept += bool(made)
    few.handler.shut()
    assert 20 < kept < 80


def test_a_defect_here_is_told_once_and_disturbs_nobody(
    spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert not spans.line(REQUEST, method="GET")
    assert [each.message for each in caplog.records if "spans" in each.name] == ["spans are lost"]


def test_each_line_is_one_that_is_written() -> None:
    for logger, message in SPANS:
        text = (ROOT / logger.replace(".", "/")).with_suffix(".py").read_text("utf-8")
        assert f'"{message}"' in text
        assert "logging.getLogger(__name__)" in text


def test_nothing_of_it_is_loaded_when_it_is_off() -> None:
    modules = "server.process.run, server.roles.issuance, server.roles.status, server.cli"
    code = (
        f"import sys, {modules}; "
        "found = [each for each in sys.modules if each.startswith(('opentelemetry', 'requests'))]; "
        "print(found)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n")
