"""W3C Trace Context: what is read of a caller's header, and what is told to others."""

import pytest

from pki.telemetry.logs import bound_request
from pki.telemetry.trace_context import Trace, current_trace, read_traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize("text", [HEADER, HEADER[:-2] + "00", f"cc-{HEADER[3:]}-what-will-be"])
def test_a_header_that_can_be_read(text: str) -> None:
    assert read_traceparent(text) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER.upper(),
        HEADER[:-1],
        f"{HEADER}-more",
        f"cc{HEADER[2:]}more",
        f"ff{HEADER[2:]}",
        HEADER.replace(TRACE, "0" * 32),
        HEADER.replace(PARENT, "0" * 16),
        HEADER.replace("-", "_"),
        f" {HEADER}",
        f"cc{HEADER[2:]}-{'x' * 500}",
    ],
)
def test_a_header_that_is_none(text: str) -> None:
    assert read_traceparent(text) is None


def test_a_request_without_one_has_a_trace_of_its_own() -> None:
    first, again, other = Trace.of("a"), Trace.of("a"), Trace.of("b", "nonsense")
    assert first == again
    assert {first.parent_id, other.parent_id} == {None}
    assert first.trace_id != other.trace_id
    assert read_traceparent(first.traceparent) == (first.trace_id, first.span_id)


def test_the_callers_trace_goes_on() -> None:
    trace = Trace.of("a", HEADER)
    assert (trace.trace_id, trace.parent_id) == (TRACE, PARENT)
    assert trace.span_id == Trace.of("a").span_id != PARENT
    with bound_request("a", HEADER):
        assert current_trace() == trace
        with bound_request("b"):
            assert current_trace() == Trace.of("b")
        assert current_trace() == trace
    assert current_trace() is None
