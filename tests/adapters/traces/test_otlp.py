"""Spans as a collector receives them: the conventions for generative AI, and no word of content."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.traces.call_trace import CallTrace
from adapters.traces.otlp import NotExportedError, OtlpExport
from tests.adapters.traces.traces import BEGUN, ENDED_NS, refused, trace
from tests.otlp_receiver import Collector, attributes, collector

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
SERVER, CLIENT, INTERNAL = 2, 3, 1
ERROR = 2


@pytest.fixture
def collecting() -> Iterator[Collector]:
    with collector() as running:
        yield running


def exported(collecting: Collector, *traces: CallTrace) -> list[Any]:
    export = OtlpExport(collecting.url)
    try:
        asyncio.run(export.write(traces))
    finally:
        export.close()
    return collecting.spans


def test_a_call_is_a_span_of_a_server_with_what_the_conventions_name(
    collecting: Collector,
) -> None:
    call = trace()

    (root, *_) = exported(collecting, call)

    assert collecting.paths == ["/v1/traces"]
    assert (root.name, root.kind) == ("chat small", SERVER)
    assert root.trace_id == call.request_id.bytes
    assert root.parent_span_id == b""
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (ENDED_NS - 3_000_000, ENDED_NS)
    assert root.status.code == 0
    assert attributes(root) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "auto",
        "gen_ai.response.model": "small",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "tollbook.request_id": f"req_{call.request_id.hex}",
        "tollbook.customer_id": "cus_" + f"{4 << 16:032x}",
        "tollbook.surface": "chat",
    }


def test_each_step_is_a_span_below_it_one_after_the_other(collecting: Collector) -> None:
    root, *steps = exported(collecting, trace())

    assert [span.name for span in steps] == [
        "tollbook.auth", "chat up-first", "chat up-second",
        "tollbook.relay", "tollbook.charge", "tollbook.send",
    ]  # fmt: skip
    assert {span.parent_span_id for span in steps} == {root.span_id}
    assert {span.trace_id for span in steps} == {root.trace_id}
    assert len({span.span_id for span in (root, *steps)}) == len(steps) + 1
    offsets = [span.start_time_unix_nano - root.start_time_unix_nano for span in steps]
    assert offsets == [at - BEGUN[0][1] for _, at in BEGUN[:-1]]
    ends = [span.end_time_unix_nano for span in steps]
    assert ends[:-1] == [span.start_time_unix_nano for span in steps[1:]]
    assert ends[-1] == root.end_time_unix_nano


def test_an_attempt_is_a_clients_span_that_names_the_provider(collecting: Collector) -> None:
    _, _, failed, good, *others = exported(collecting, trace())

    assert (failed.kind, good.kind) == (CLIENT, CLIENT)
    assert {span.kind for span in others} == {INTERNAL}
    assert attributes(failed) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "first",
        "gen_ai.request.model": "up-first",
        "error.type": "status_503",
    }
    assert attributes(good)["gen_ai.provider.name"] == "second"
    assert "error.type" not in attributes(good)
    assert (failed.status.code, good.status.code) == (ERROR, 0)


def test_a_refused_call_is_an_error_of_its_code(collecting: Collector) -> None:
    root, *_ = exported(collecting, refused(identity=None, requested=None, surface="embeddings"))

    assert root.name == "embeddings"
    assert root.status.code == ERROR
    known = attributes(root)
    assert (known["error.type"], known["http.response.status_code"]) == (
        "insufficient_balance",
        402,
    )
    assert not {"gen_ai.request.model", "gen_ai.usage.input_tokens", "tollbook.customer_id"} & set(
        known
    )


def test_a_trace_of_the_callers_is_gone_on_with(collecting: Collector) -> None:
    root, *steps = exported(collecting, trace(traceparent=f"00-{TRACE}-{SPAN}-01".encode()))

    assert root.trace_id.hex() == TRACE
    assert root.parent_span_id.hex() == SPAN
    assert {span.trace_id.hex() for span in steps} == {TRACE}


def test_a_trace_that_nobody_wants_recorded_is_not(collecting: Collector) -> None:
    assert exported(collecting, trace(traceparent=f"00-{TRACE}-{SPAN}-00".encode())) == []
    assert collecting.paths == []


@pytest.mark.parametrize(
    ("surface", "operation"),
    [("embeddings", "embeddings"), ("completions", "text_completion"), ("messages", "chat")],
)
def test_the_operation_is_the_conventions_word(
    collecting: Collector, surface: str, operation: str
) -> None:
    root, *_ = exported(collecting, trace(surface=surface))

    assert attributes(root)["gen_ai.operation.name"] == operation


def test_a_collector_that_refuses_is_an_error_of_the_exports(collecting: Collector) -> None:
    collecting.status = 400

    with pytest.raises(NotExportedError):
        exported(collecting, trace())
