"""Spans for an OpenTelemetry collector, made of traces by the conventions for generative AI.

One span of the call, as a server, and below it one of each step; an attempt's is a client's. They
carry ids, names of models and figures: nothing of a prompt or an answer.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from adapters.traces.call_trace import CallTrace
from adapters.traces.traceparent import Parent, parse_traceparent, span_id_of
from domain.call_steps import ATTEMPT
from domain.settle_call import Attempt

TIMEOUT_SECONDS: Final = 5
_SPAN: Final = (1 << 64) - 1
_NUMBERED: Final = 0x9E37_79B9_7F4A_7C15
"""An odd number, so that its multiples of one span's id to the next never meet."""
_OPERATIONS: Final = {"embeddings": "embeddings", "completions": "text_completion"}
_CHAT: Final = "chat"
_SCOPE: Final = InstrumentationScope("tollbook")

Attributes = Mapping[str, str | int]


class NotExportedError(Exception):
    """The collector did not take the spans."""


class OtlpExport:
    """Sends spans to `<endpoint>/v1/traces`; the library's own variables add headers and such."""

    def __init__(self, endpoint: str) -> None:
        url = endpoint.rstrip("/") + "/v1/traces"
        self._exporter = OTLPSpanExporter(url, timeout=TIMEOUT_SECONDS)
        self._resource = Resource.create({"service.name": "tollbook"})

    async def write(self, traces: Sequence[CallTrace]) -> None:
        """Export traces in a thread of their own, or raise NotExportedError."""
        result = await asyncio.to_thread(self._export, traces)
        if result is not SpanExportResult.SUCCESS:
            raise NotExportedError

    def close(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # theirs has no types

    def _export(self, traces: Sequence[CallTrace]) -> SpanExportResult:
        spans = [span for trace in traces for span in spans_of(trace, self._resource)]
        return self._exporter.export(spans) if spans else SpanExportResult.SUCCESS


def spans_of(trace: CallTrace, resource: Resource) -> Iterator[ReadableSpan]:
    """Make the spans of a call; none if whoever began its trace wants none."""
    parent = parse_traceparent(trace.traceparent)
    if parent is not None and not parent.sampled:
        return
    trace_id = parent.trace_id if parent else trace.request_id.int
    own = _context(trace_id, span_id_of(trace.request_id))
    yield _call_span(trace, own, parent, resource)
    yield from _step_spans(trace, own, resource)


def _call_span(
    trace: CallTrace, own: SpanContext, parent: Parent | None, resource: Resource
) -> ReadableSpan:
    operation, model = _operation(trace), trace.answered or trace.requested
    return ReadableSpan(
        f"{operation} {model}" if model else operation,
        own,
        _context(parent.trace_id, parent.span_id, remote=True) if parent else None,
        resource,
        _call_attributes(trace, operation),
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR if trace.code else StatusCode.UNSET),
        start_time=trace.began_ns,
        end_time=trace.ended_ns,
        instrumentation_scope=_SCOPE,
    )


def _call_attributes(trace: CallTrace, operation: str) -> Attributes:
    usage = trace.usage
    known: dict[str, str | int | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": trace.requested,
        "gen_ai.response.model": trace.answered,
        "gen_ai.usage.input_tokens": usage.input_tokens if usage else None,
        "gen_ai.usage.output_tokens": usage.output_tokens if usage else None,
        "http.request.method": "POST",
        "http.response.status_code": trace.status,
        "error.type": trace.code,
        "tollbook.request_id": f"req_{trace.request_id.hex}",
        "tollbook.customer_id": f"cus_{trace.identity.customer_id.hex}" if trace.identity else None,
        "tollbook.surface": trace.surface,
    }
    return {name: value for name, value in known.items() if value is not None}


def _step_spans(trace: CallTrace, own: SpanContext, resource: Resource) -> Iterator[ReadableSpan]:
    attempts, operation = iter(trace.attempts), _operation(trace)
    shift = trace.began_ns - trace.begun[0][1]
    ends = [at for _, at in trace.begun[1:]]
    for number, ((step, at), end) in enumerate(zip(trace.begun, ends, strict=False), 1):
        attempt = next(attempts, None) if step == ATTEMPT else None
        yield ReadableSpan(
            f"{operation} {attempt.upstream_model}" if attempt else f"tollbook.{step}",
            _context(own.trace_id, (own.span_id + number * _NUMBERED) & _SPAN or number),
            own,
            resource,
            _attempt_attributes(attempt, operation) if attempt else {},
            kind=SpanKind.CLIENT if attempt else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR if _failed(attempt) else StatusCode.UNSET),
            start_time=at + shift,
            end_time=end + shift,
            instrumentation_scope=_SCOPE,
        )


def _attempt_attributes(attempt: Attempt, operation: str) -> Attributes:
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": attempt.provider,
        "gen_ai.request.model": attempt.upstream_model,
    }
    return {**attributes, "error.type": attempt.outcome} if _failed(attempt) else attributes


def _failed(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.outcome != "ok"


def _operation(trace: CallTrace) -> str:
    return _OPERATIONS.get(trace.surface, _CHAT)


def _context(trace_id: int, span_id: int, *, remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id, remote, TraceFlags(TraceFlags.SAMPLED))
