"""Gemini's answers, whole and streamed, in canonical form."""

import json
from typing import Any

import pytest
from hypothesis import given

from adapters.protocols.canonical.answer import Answer, MalformedAnswerError
from adapters.protocols.canonical.blocks import Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Grew
from adapters.protocols.gemini.answer import read_answer
from adapters.protocols.gemini.decoder import GeminiDecoder
from tests.adapters.protocols.streams import answer_in, checked, cuts, read, truncated

Json = dict[str, Any]
USAGE = {
    "promptTokenCount": 1050,
    "cachedContentTokenCount": 900,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 10,
    "totalTokenCount": 1080,
}
BUCKETS = {"input": 150, "cached_input": 900, "output": 20, "reasoning": 10}
CALL = {"functionCall": {"id": "c1", "name": "look", "args": {"at": ["é", 1.5, None]}}}
SIGNED_CALL = {**CALL, "thoughtSignature": "c2ln"}


def chunk(*parts: Json, finish: str | None = None, usage: Json | None = None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    body: Json = {"candidates": [candidate], "modelVersion": "m", "responseId": "r"}
    return body | ({"usageMetadata": usage} if usage else {})


def sse(*chunks: Any) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % json.dumps(chunk).encode() for chunk in chunks)


def whole(*parts: Json, finish: str = "STOP", usage: Json | None = None) -> Answer:
    return read_answer(json.dumps(chunk(*parts, finish=finish, usage=usage)).encode())


STREAM = sse(
    chunk({"text": "Let ", "thought": True}, usage={"promptTokenCount": 1050}),
    chunk({"text": "me see.", "thought": True, "thoughtSignature": "dGg="}),
    chunk({"text": "Hel"}),
    chunk({"text": "lo ☃"}, {"text": ""}),
    chunk(SIGNED_CALL),
    chunk({"text": "", "thoughtSignature": "bGFzdA=="}, finish="STOP", usage=USAGE),
)
BLOCKS = (
    Thinking("Let me see.", "dGg=", "gemini"),
    Text("Hello ☃"),
    ToolUse("c1", "look", '{"at":["é",1.5,null]}', "c2ln", "gemini"),
)


def test_a_stream_adds_up_to_its_blocks_its_reason_and_its_last_usage() -> None:
    answer = answer_in(GeminiDecoder(), [STREAM])

    assert (answer.blocks, answer.stop) == (BLOCKS, "tool")
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == BUCKETS


@given(cuts(STREAM))
def test_how_a_stream_is_cut_does_not_matter(pieces: list[bytes]) -> None:
    assert answer_in(GeminiDecoder(), pieces) == answer_in(GeminiDecoder(), [STREAM])


def test_a_stream_cut_off_anywhere_is_not_complete() -> None:
    # What ends it is its last event, whole with the empty line after it.
    for decoder in truncated(STREAM, GeminiDecoder):
        assert not decoder.complete
        assert not decoder.done
        assert not decoder.broken


def test_a_whole_answer_is_read_like_a_stream_of_one() -> None:
    answer = whole(
        {"text": "Let me see.", "thought": True, "thoughtSignature": "dGg="},
        {"text": "Hello ☃"},
        SIGNED_CALL,
        usage=USAGE,
    )

    assert (answer.blocks, answer.stop) == (BLOCKS, "tool")
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == BUCKETS


def test_a_call_without_an_id_is_given_one_of_its_own() -> None:
    nameless = {"functionCall": {"name": "look"}}
    first, second = whole(nameless, nameless).blocks

    assert isinstance(first, ToolUse)
    assert isinstance(second, ToolUse)
    assert first.id.startswith("call_")
    assert first.id != second.id
    assert (first.arguments, first.signature, first.issuer) == ("{}", None, None)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "paused"),
        *[
            (reason, "filtered")
            for reason in (
                "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
                "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "IMAGE_RECITATION",
                "ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR",
            )
        ],
    ],
)  # fmt: skip
def test_every_reason_to_stop_has_its_name(reason: str, stop: str) -> None:
    for answer in (whole({"text": "a"}, finish=reason), whole(finish=reason)):
        assert answer.stop == stop
        assert answer.explanation == (reason if stop == "filtered" else None)


def test_calls_that_the_cap_cut_short_are_no_calls_to_run() -> None:
    assert whole(CALL, finish="MAX_TOKENS").stop == "length"


WRONG = (
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "OTHER", "NO_IMAGE",
    "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "FINISH_REASON_UNSPECIFIED", "NEW_ONE",
)  # fmt: skip


@pytest.mark.parametrize("reason", WRONG)
def test_an_answer_that_went_wrong_counts_only_if_it_is_text_already(reason: str) -> None:
    assert whole({"text": "a"}, finish=reason).stop == "stop"
    for parts in ([], [CALL], [{"text": "a"}, CALL]):
        with pytest.raises(MalformedAnswerError):
            whole(*parts, finish=reason)


def test_every_reason_that_google_knows_is_decided() -> None:
    from google.genai import types  # noqa: PLC0415  # half a second

    for reason in types.FinishReason:
        if reason.value in WRONG:
            continue
        assert whole(finish=reason.value).stop


def test_a_blocked_prompt_is_a_filtered_answer_that_owes_its_prompt() -> None:
    blocked = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7},
    }
    for answer in (
        read_answer(json.dumps(blocked).encode()),
        answer_in(GeminiDecoder(), [sse(blocked)]),
    ):
        assert (answer.blocks, answer.stop, answer.explanation) == ((), "filtered", "SAFETY")
        assert answer.report.usage is not None
        assert answer.report.usage.buckets == {"input": 7}


def test_usage_may_come_alone_and_twice_and_the_last_word_of_each_counter_holds() -> None:
    stream = sse(
        chunk({"text": "a"}, usage={"promptTokenCount": 9, "cachedContentTokenCount": 4}),
        chunk(finish="STOP", usage={"promptTokenCount": 9, "candidatesTokenCount": 2}),
        {"usageMetadata": {"candidatesTokenCount": 3}},
        chunk(finish="STOP"),
    )
    report = answer_in(GeminiDecoder(), [stream]).report

    assert report.usage is not None
    assert report.usage.buckets == {"input": 5, "cached_input": 4, "output": 3}


def test_no_usage_is_no_usage() -> None:
    assert whole({"text": "a"}).report.usage is None
    assert answer_in(GeminiDecoder(), [sse(chunk({"text": "a"}, finish="STOP"))]).report.usage is (
        None
    )


NONSENSE: list[Any] = [
    {"error": {"code": 500, "status": "INTERNAL"}},
    {"candidates": {}},
    {"candidates": [1]},
    {"candidates": [{"content": 1}]},
    {"candidates": [{"content": {"parts": {}}}]},
    chunk({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
    chunk({"functionCall": {"args": {}}}),
    chunk({"functionCall": {"name": "look", "args": [1]}}),
    chunk({"functionCall": {"name": "look", "id": 7}}),
    chunk({"functionCall": {"name": "look", "partialArgs": []}}),
    chunk(finish="STOP") | {"promptFeedback": 1, "candidates": []},
    [],
    "text",
]


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense_is_no_answer_and_breaks_a_stream_after_what_was_good(body: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(json.dumps(body).encode())
    decoder = GeminiDecoder()

    events = read(decoder, [sse(chunk({"text": "good"}), body, chunk({"text": "late"}))])

    assert events == [Began(0, Text("good"))]
    assert decoder.broken
    assert decoder.feed(sse(chunk({"text": "later"}))) == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"candidates":[]}', b"\xff"])
def test_what_is_no_answer_at_all_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(body)


def test_text_after_the_end_breaks_a_stream() -> None:
    decoder = GeminiDecoder()

    checked(read(decoder, [sse(chunk({"text": "a"}, finish="STOP"), chunk({"text": "b"}))]))

    assert decoder.broken


def test_an_endless_event_breaks_a_stream() -> None:
    decoder = GeminiDecoder()
    for _ in range(18):
        decoder.feed(b"data: " + b"a" * 2**20)
    assert decoder.broken


def test_a_signature_without_words_is_no_block() -> None:
    assert whole({"thoughtSignature": "c2ln"}, {"text": "a"}).blocks == (Text("a"),)


def test_each_text_goes_on_at_once() -> None:
    decoder = GeminiDecoder()
    assert decoder.feed(sse(chunk({"text": "a"}))) == [Began(0, Text("a"))]
    assert decoder.feed(sse(chunk({"text": "b"}))) == [Grew(0, "b")]
