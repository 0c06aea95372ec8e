"""A whole answer gets its values back in text and in the arguments of tools, and nowhere else."""

from typing import Any

import orjson
import pytest

from adapters.masking.restorer import Restorer
from tests.adapters.masking.masks import MAIL, placeholders

QUOTED = 'the "big" one\\'
HELD = placeholders(email=MAIL, term=QUOTED)
TEXT = "[EMAIL_1] of [TERM_1], [EMAIL_2]"
REAL = f"{MAIL} of {QUOTED}, [EMAIL_2]"
ARGUMENTS = orjson.dumps({"to": TEXT}).decode()
CALL: Any = {"id": TEXT, "type": "function", "function": {"name": TEXT, "arguments": ARGUMENTS}}


def restored(answer: Any) -> Any:
    return orjson.loads(Restorer(HELD).whole(orjson.dumps(answer)))


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"content": TEXT, "refusal": TEXT, "reasoning_content": TEXT}}]},
        {"choices": [{"message": {"content": [{"text": TEXT}, {"text": TEXT}]}}]},
        {"choices": [{"text": TEXT}, {"index": 1, "text": TEXT}]},
        {"type": "message", "content": [{"type": "text", "text": TEXT}]},
        {"type": "message", "content": [{"type": "tool_use", "input": {"a": [{"b": TEXT}, 1]}}]},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": TEXT}]}]},
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": TEXT}]}]},
        {"output": [{"type": "custom_tool_call", "input": TEXT}], "instructions": TEXT},
        {"output": {"text": TEXT}},
        {"output": {"choices": [{"message": {"content": [{"text": TEXT}]}}]}},
    ],
)
def test_text_gets_its_values_back(answer: Any) -> None:
    assert restored(answer) == replaced(answer, TEXT, REAL)


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"tool_calls": [CALL]}}]},
        {"choices": [{"message": {"function_call": CALL["function"]}}]},
        {"output": {"choices": [{"message": {"tool_calls": [CALL]}}]}},
        {"output": [{"type": "function_call", "name": TEXT, "arguments": ARGUMENTS}]},
    ],
)
def test_the_arguments_of_a_tool_stay_json_and_its_name_stays(answer: Any) -> None:
    real = orjson.dumps({"to": REAL}).decode()

    assert restored(answer) == replaced(answer, ARGUMENTS, real)


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "message", "content": [{"type": "thinking", "thinking": TEXT, "signature": "s"}]},
        {"output": [{"type": "reasoning", "summary": [{"text": TEXT}]}]},
        {"choices": [{"message": {"reasoning_details": [{"text": TEXT, "signature": "s"}]}}]},
        {"choices": [{"logprobs": {"content": [{"token": TEXT}]}, "message": None}], "id": TEXT},
        {"choices": None},
        {"choices": [{"message": {"content": None, "tool_calls": [{"function": None}]}}]},
        {"type": "message", "content": [{"type": "tool_use"}, {"type": "other", "text": TEXT}]},
        {"error": {"message": TEXT}},
        {"data": [{"embedding": [0.5]}]},
        [TEXT],
    ],
)
def test_thoughts_and_what_is_no_text_stay_as_they_are(answer: Any) -> None:
    body = b" " + orjson.dumps(answer)

    assert Restorer(HELD).whole(body) is body


def test_what_cannot_be_read_or_written_again_stays_as_it_is() -> None:
    deep = b'{"type":"message","content":[{"type":"tool_use","input":%s"[EMAIL_1]"%s}]}'
    nested = deep % (b"[" * 400, b"]" * 400)

    assert Restorer(HELD).whole(nested) is nested
    assert Restorer(HELD).whole(b"{broken") == b"{broken"
    event = b"data: %s\n\n" % nested
    assert Restorer(HELD).part(event) == event


def test_events_that_carry_whole_texts_get_their_values_back() -> None:
    item = {"type": "function_call", "arguments": ARGUMENTS}
    part = {"type": "refusal", "refusal": TEXT}
    block = {"type": "tool_use", "input": {"to": TEXT}}
    events = (
        {"type": "response.output_item.added", "item": item},
        {"type": "response.content_part.added", "part": part},
        {"type": "content_block_start", "index": 0, "content_block": block},
    )

    for event in events:
        found = Restorer(HELD).part(b"event: x\ndata: %s\n\n" % orjson.dumps(event))
        assert MAIL.encode() in found
        assert found.startswith(b"event: x\ndata: {")


def replaced(found: Any, old: str, new: str) -> Any:
    if isinstance(found, dict):
        return {name: replaced(value, old, new) for name, value in found.items()}
    if isinstance(found, list):
        return [replaced(value, old, new) for value in found]
    return new if found == old else found
