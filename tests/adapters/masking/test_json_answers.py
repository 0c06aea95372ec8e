"""An answer that was asked for as JSON is still JSON when it has its values back."""

from typing import Any

import orjson
import pytest

from adapters.masking.prompt import mask_prompt
from adapters.masking.restorer import Restorer
from adapters.masking.terms import Terms
from tests.adapters.masking import streams
from tests.adapters.masking.masks import placeholders
from tests.adapters.masking.told import pieces_of

QUOTED = 'the "big"\none\\'
HELD = placeholders(term=QUOTED)
SAID = '{"to": "[TERM_1]"}'
MEANT = {"to": QUOTED}
ASKED: dict[str, Any] = {
    "chat": {"response_format": {"type": "json_object"}},
    "schema": {"response_format": {"type": "json_schema"}},
    "responses": {"text": {"format": {"type": "json_schema"}}},
    "messages": {"output_config": {"format": {"type": "json_schema"}}},
    "older messages": {"output_format": {"type": "json_schema"}},
    "dashscope": {"parameters": {"response_format": {"type": "json_object"}}},
}
ANSWERS: dict[str, tuple[Any, tuple[str | int, ...]]] = {
    "chat": ({"choices": [{"message": {"content": SAID}}]}, ("choices", 0, "message", "content")),
    "completions": ({"choices": [{"text": SAID}]}, ("choices", 0, "text")),
    "messages": (
        {"type": "message", "content": [{"type": "text", "text": SAID}]},
        ("content", 0, "text"),
    ),
    "responses": (
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": SAID}]}]},
        ("output", 0, "content", 0, "text"),
    ),
    "dashscope": ({"output": {"text": SAID}}, ("output", "text")),
}


def asks(body: Any) -> bool:
    return mask_prompt(orjson.dumps(body), (), Terms(())).in_json


@pytest.mark.parametrize("name", ASKED)
def test_a_request_for_json_is_known_in_every_protocol(name: str) -> None:
    assert asks(ASKED[name])


@pytest.mark.parametrize("body", [{}, {"response_format": {"type": "text"}}, {"text": "json"}])
def test_others_ask_for_text(body: Any) -> None:
    assert not asks(body)
    assert not asks({"response_format": {"type": ["json_object"]}})


@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer_stays_json(name: str) -> None:
    answer, path = ANSWERS[name]

    found = orjson.loads(Restorer(HELD, None, answers_json=True).whole(orjson.dumps(answer)))

    for step in path:
        found = found[step]
    assert orjson.loads(found) == MEANT


@pytest.mark.parametrize("teller", ["chat", "completions", "messages", "responses", "incremental"])
def test_a_stream_stays_json(teller: str) -> None:
    stream = streams.sse(getattr(streams, teller)(['{"to": "[TE', 'RM_1]"}']))
    restorer = Restorer(HELD, incremental=True, answers_json=True)

    told = pieces_of(streams.events_of(restorer.part(stream) + restorer.rest()))

    assert orjson.loads("".join(told)) == MEANT


def test_thoughts_and_refusals_are_no_json() -> None:
    message = {"content": None, "refusal": "[TERM_1]", "reasoning_content": "[TERM_1]"}
    answer = orjson.dumps({"choices": [{"message": message}]})

    found = orjson.loads(Restorer(HELD, None, answers_json=True).whole(answer))

    expected = {"content": None, "refusal": QUOTED, "reasoning_content": QUOTED}
    assert found["choices"][0]["message"] == expected


def test_names_in_the_input_of_a_tool_get_their_values_back() -> None:
    block = {"type": "tool_use", "input": {"[TERM_1]": ["[TERM_1]", 1.5]}}
    answer = orjson.dumps({"type": "message", "content": [block]})

    found = orjson.loads(Restorer(HELD).whole(answer))

    assert found["content"][0]["input"] == {QUOTED: [QUOTED, 1.5]}


def test_the_stop_that_was_met_is_told_as_it_was_asked_for() -> None:
    whole = orjson.dumps({"type": "message", "content": [], "stop_sequence": "[TERM_1]"})
    event = {"type": "message_delta", "delta": {"stop_sequence": "[TERM_1]"}}

    assert orjson.loads(Restorer(HELD).whole(whole))["stop_sequence"] == QUOTED
    (told,) = streams.events_of(Restorer(HELD).part(streams.sse([event])))
    assert told["delta"]["stop_sequence"] == QUOTED
