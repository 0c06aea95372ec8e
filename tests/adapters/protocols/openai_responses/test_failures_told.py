"""A relayed stream that breaks off ends as the response that had begun, whatever was said of it."""

from typing import Any

import orjson
import pytest

from adapters.protocols.openai_responses.stream import ResponsesStream
from tests.adapters.protocols.openai_responses.samples import Json, data_of

DELTA: Json = {"type": "response.output_text.delta", "delta": "Hi"}
DEEP = "[" * 500 + "]" * 500


def created(response: Any) -> Json:
    return {"type": "response.created", "response": response}


def bytes_of(*events: Json) -> bytes:
    return b"".join(b"data: %s\n\n" % orjson.dumps(event) for event in events)


def failure_after(stream: bytes) -> Json:
    reader = ResponsesStream()
    assert reader.feed(stream) == stream
    [event] = data_of(reader.failure("No luck."))
    return event


@pytest.mark.parametrize("kind", ["created", "queued", "in_progress"])
@pytest.mark.parametrize("response", ["x", 7, [], None])
def test_a_response_that_begins_as_no_object_has_not_begun(kind: str, response: Any) -> None:
    reader = ResponsesStream()
    begun = {**created(response), "type": f"response.{kind}"}

    assert reader.feed(bytes_of(begun, DELTA)) == b""
    assert (reader.broken, reader.complete) == (True, False)
    assert data_of(reader.failure("No luck."))[0]["response"]["status"] == "failed"


def test_without_a_beginning_there_is_only_the_failure() -> None:
    error = {"code": "server_error", "message": "No luck."}

    told = failure_after(bytes_of(DELTA))

    assert told["response"] == {"status": "failed", "error": error}


def test_what_is_nested_too_deeply_to_be_written_is_left_out() -> None:
    begun = b'data: {"type":"response.created","response":{"id":"r","x":%s}}\n\n' % DEEP.encode()

    told = failure_after(begun + bytes_of(DELTA))

    assert sorted(told["response"]) == ["error", "status"]


@pytest.mark.parametrize(
    ("numbers", "follows"),
    [([], 1), ([3, 4], 5), ([4, None], 5), ([4, "9"], 5), ([4, -7], 5), ([4, 2**64 - 1], 5)],
)
def test_it_is_numbered_after_the_last_event_that_has_a_number(
    numbers: list[Any], follows: int
) -> None:
    deltas = [{**DELTA, "sequence_number": number} for number in numbers] or [DELTA]

    assert failure_after(bytes_of(*deltas))["sequence_number"] == follows
