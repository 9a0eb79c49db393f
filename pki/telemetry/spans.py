"""Spans for OpenTelemetry, made of log lines: what a span shows has been through their redaction.

Nothing that does the work knows of spans. A line that says what was done, and for how long, is a
span; all lines of one request are in one trace. No other line is looked at.
"""

import logging
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from pki.telemetry.logs import fields_of
from pki.telemetry.trace_context import Trace, current_trace

_log: Final = logging.getLogger(__name__)

REQUEST: Final = ("issuance.http.middleware", "request answered")
ASKED: Final = ("server.roles.enrolment", "a responder certificate was given")
ENDS: Final = {REQUEST: SpanKind.SERVER, ASKED: SpanKind.CLIENT}
"""The two ends of a call: spans that others have for a parent."""

SPANS: Final[Mapping[tuple[str, str], str]] = {
    REQUEST: "request",
    ASKED: "responder certificate",
    ("server.metering.signing", "signed"): "signature",
    ("pki.store.writing", "recorded"): "transaction",
    ("crl.follower", "CRL published"): "CRL",
    ("crl.sinks.follower", "CRL brought to its sink"): "publication of a CRL",
    ("server.checkpoints.publishing", "checkpoints brought to their sink"): (
        "publication of checkpoints"
    ),
    ("pki.observe.receipts.watcher", "a change is shown"): "publication",
}
"""The lines that are spans, by logger and message, and what the spans are called."""

_NAMES: Final = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
}
_OWN: Final = frozenset({"time", "level", "logger", "message", "error", "milliseconds"})
_SERVER_ERROR: Final = 500
_NANOSECONDS: Final = 1_000_000_000
_QUEUE: Final = 2048
_EACH_SECONDS: Final = 2.0
_EXPORT_SECONDS: Final = 5.0
_TEXT: Final = 256
_RANGE: Final = 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where spans are sent: an OTLP address (HTTP, protobuf); ``ratio`` of all traces are."""

    endpoint: str
    ca_file: Path | None = None
    ratio: float = 1.0


class _GivenIds(IdGenerator):
    """The ids that the next span of this thread is to have."""

    def __init__(self) -> None:
        self._next = threading.local()

    def give(self, trace_id: str, span_id: str) -> None:
        self._next.ids = int(trace_id, 16), int(span_id, 16)

    def generate_trace_id(self) -> int:
        trace_id: int = self._next.ids[0]
        return trace_id

    def generate_span_id(self) -> int:
        span_id: int = self._next.ids[1]
        return span_id


class SpanHandler(logging.Handler):
    """Makes a span of each line in `SPANS`; ``processor`` takes them."""

    def __init__(
        self, processor: SpanProcessor, resource: Mapping[str, str], *, ratio: float = 1.0
    ) -> None:
        super().__init__(logging.INFO)
        self._ids = _GivenIds()
        self._ratio = ratio
        self._failed = False
        # Ids of spans are no secrets: they must differ, and nothing else.
        self._chance = random.SystemRandom()
        self._provider = TracerProvider(
            resource=Resource(dict(resource)),
            sampler=ALWAYS_ON,
            id_generator=self._ids,
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attribute_length=_TEXT),
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("zorgid")

    def emit(self, record: logging.LogRecord) -> None:
        """Whatever fails here is told once, and never disturbs the work."""
        named = (record.name, str(record.msg))
        if named not in SPANS:
            return
        try:
            self._span(record, named, current_trace())
        except Exception as error:  # noqa: BLE001 -- the work that wrote the line must go on
            if not self._failed:
                self._failed = True
                _log.warning("spans are lost", extra={"why": type(error).__name__})

    def shut(self) -> None:
        """Send what waits, for a few seconds at most; nothing is taken afterwards."""
        self._provider.shutdown()

    def _span(self, record: logging.LogRecord, named: tuple[str, str], trace: Trace | None) -> None:
        trace_id = trace.trace_id if trace else f"{self._chance.getrandbits(128) | 1:032x}"
        if int(trace_id[16:], 16) >= self._ratio * _RANGE:
            return
        own = trace is not None and named in ENDS
        span_id = trace.span_id if trace and own else f"{self._chance.getrandbits(64) | 1:016x}"
        parent_id = None
        if trace is not None:
            parent_id = trace.parent_id if own else trace.span_id
        self._ids.give(trace_id, span_id)
        fields = fields_of(record)
        took = fields.get("milliseconds")
        length = took * _NANOSECONDS / 1000 if isinstance(took, (int, float)) else 0
        ended = int(record.created * _NANOSECONDS)
        span = self._tracer.start_span(
            f"{fields['method']} {fields['route']}" if named == REQUEST else SPANS[named],
            context=None if parent_id is None else _parent(trace_id, parent_id, remote=own),
            kind=ENDS.get(named, SpanKind.INTERNAL),
            attributes={
                _NAMES.get(name, f"zorgid.{name}"): value
                for name, value in fields.items()
                if name not in _OWN and isinstance(value, (str, int, float))
            },
            start_time=ended - int(length),
        )
        status = fields.get("status")
        if isinstance(status, int) and status >= _SERVER_ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)


def exporting(collector: Collector, resource: Mapping[str, str]) -> SpanHandler:
    """Spans sent in batches, by a thread of its own: a collector that is away loses spans only."""
    ca_file = None if collector.ca_file is None else str(collector.ca_file)
    exporter = OTLPSpanExporter(
        endpoint=collector.endpoint, certificate_file=ca_file, timeout=_EXPORT_SECONDS
    )
    processor = BatchSpanProcessor(
        exporter, max_queue_size=_QUEUE, schedule_delay_millis=_EACH_SECONDS * 1000
    )
    return SpanHandler(processor, resource, ratio=collector.ratio)


def _parent(trace_id: str, span_id: str, *, remote: bool) -> Context:
    context = SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=remote,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(context))
