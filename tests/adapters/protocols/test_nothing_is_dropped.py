"""What a conversion has no word for is refused by its place, on every surface; never left out."""

from typing import Any

import orjson
import pytest

from adapters.protocols.anthropic.request import decode_request as messages
from adapters.protocols.dashscope.request import decode_text as dashscope
from adapters.protocols.openai_chat.request import decode_request as chat
from adapters.protocols.openai_responses.request import decode_request as responses
from domain.errors import InvalidRequestError, UnsupportedParameterError

Json = dict[str, Any]

PNG: Json = {"type": "base64", "media_type": "image/png", "data": "AA=="}
PLAIN: Json = {"type": "text", "media_type": "text/plain", "data": "d"}
CALL: Json = {"type": "tool_use", "id": "a", "name": "b", "input": {}}
THOUGHT: Json = {"type": "thinking", "thinking": "t", "signature": "s"}
FUNCTION: Json = {"name": "f", "arguments": "{}"}
ASKED: Json = {"role": "user", "content": "Hi"}


def of_messages(*said: Json, **more: Any) -> Json:
    return {"model": "m", "max_tokens": 9, "messages": said or [ASKED], **more}


def of_blocks(*blocks: Json, role: str = "user") -> Json:
    return of_messages({"role": role, "content": list(blocks)})


def of_chat(*said: Json, **more: Any) -> Json:
    return {"model": "m", "messages": said or [ASKED], **more}


def of_dashscope(*said: Json, **more: Any) -> Json:
    more = {"result_format": "message", **more}
    return {"model": "m", "input": {"messages": said or [ASKED]}, "parameters": more}


def called(call: Json) -> Json:
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def refusal(decode: Any, body: Json) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as refused:
        decode(orjson.dumps(body), {}).conversation()
    return refused.value


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (of_blocks({"type": "text", "text": "a", "x": 1}), "messages[0].content[0].x"),
        (of_blocks({"type": "image", "source": PNG, "x": 0}), "messages[0].content[0].x"),
        (of_blocks({"type": "image", "source": {**PNG, "x": 1}}),
         "messages[0].content[0].source.x"),
        (of_blocks({"type": "document", "source": PLAIN, "x": 1}), "messages[0].content[0].x"),
        (of_blocks({"type": "document", "source": {**PLAIN, "x": 1}}),
         "messages[0].content[0].source.x"),
        (of_blocks({"type": "document", "source": PLAIN, "citations": {"x": 1}}),
         "messages[0].content[0].citations.x"),
        (of_blocks({"type": "document", "source": {"type": "content", "content": [
            {"type": "text", "text": "a", "x": 1}]}}),
         "messages[0].content[0].source.content[0].x"),
        (of_blocks({"type": "tool_result", "tool_use_id": "a", "x": 1}),
         "messages[0].content[0].x"),
        (of_blocks({"type": "tool_result", "tool_use_id": "a", "content": [
            {"type": "text", "text": "a", "x": 1}]}), "messages[0].content[0].content[0].x"),
        (of_blocks({**CALL, "x": 1}, role="assistant"), "messages[0].content[0].x"),
        (of_blocks({**CALL, "caller": {"type": "code"}}, role="assistant"),
         "messages[0].content[0].caller"),
        (of_blocks({**THOUGHT, "x": 1}, role="assistant"), "messages[0].content[0].x"),
        (of_messages(system=[{"type": "text", "text": "a", "x": 1}]), "system[0].x"),
    ],
)  # fmt: skip
def test_a_field_of_messages_that_nobody_knows_is_refused(body: Json, param: str) -> None:
    assert refusal(messages, body).param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (of_chat(tools=[{"type": "function", "x": 1, "function": {"name": "f"}}]), "tools[0].x"),
        (of_chat(tools=[{"type": "function", "function": {"name": "f", "x": 1}}]),
         "tools[0].function.x"),
        (of_chat(tools=[{"type": "custom", "custom": {"name": "f", "x": 1}}]),
         "tools[0].custom.x"),
        (of_chat({"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://a/b", "x": 1}}]}),
         "messages[0].content[0].image_url.x"),
        (of_chat({"role": "user", "content": [
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav", "x": 1}}]}),
         "messages[0].content[0].input_audio.x"),
        (of_chat(response_format={"type": "json_object", "x": 1}), "response_format.x"),
        (of_chat(response_format={"type": "json_schema", "json_schema": {"schema": {}, "x": 1}}),
         "response_format.json_schema.x"),
        (of_chat(called({"id": "c", "function": {**FUNCTION, "x": 1}})),
         "messages[0].tool_calls[0].function.x"),
    ],
)  # fmt: skip
def test_a_field_of_chat_that_nobody_knows_is_refused(body: Json, param: str) -> None:
    assert refusal(chat, body).param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (of_dashscope(tools=[{"type": "function", "x": 1, "function": {"name": "f"}}]),
         "parameters.tools[0].x"),
        (of_dashscope(tools=[{"type": "function", "function": {"name": "f", "x": 1}}]),
         "parameters.tools[0].function.x"),
        (of_dashscope(tool_choice={"type": "function", "function": {"name": "f", "x": 1}}),
         "parameters.tool_choice.function.x"),
        (of_dashscope(called({"id": "c", "function": FUNCTION, "x": 1})),
         "input.messages[0].tool_calls[0].x"),
        (of_dashscope(called({"id": "c", "function": {**FUNCTION, "x": 1}})),
         "input.messages[0].tool_calls[0].function.x"),
        (of_dashscope({"role": "system", "content": "s", "x": 1}, ASKED), "input.messages[0].x"),
        (of_dashscope(response_format={
            "type": "json_schema", "json_schema": {"schema": {}, "x": 1}}),
         "parameters.response_format.json_schema.x"),
    ],
)  # fmt: skip
def test_a_field_of_dashscope_that_nobody_knows_is_refused(body: Json, param: str) -> None:
    assert refusal(dashscope, body).param == param


def test_a_field_of_a_form_that_nobody_knows_is_refused() -> None:
    form: Json = {"type": "json_schema", "name": "n", "schema": {}, "x": 1}
    refused = refusal(responses, {"model": "m", "input": "a", "text": {"format": form}})
    assert refused.param == "text.format.x"


def test_a_field_that_says_nothing_is_none() -> None:
    block: Json = {"type": "text", "text": "a", "x": None, "y": False, "z": []}
    assert messages(orjson.dumps(of_blocks(block)), {}).conversation().turns
    direct = {**CALL, "caller": {"type": "direct"}}
    assert messages(orjson.dumps(of_blocks(direct, role="assistant")), {}).conversation().turns


@pytest.mark.parametrize(
    ("decode", "body", "param"),
    [
        (chat, of_chat(response_format={"type": "json_schema", "json_schema": {"name": "n"}}),
         "response_format.json_schema.schema"),
        (chat, of_chat(response_format={"type": "json_schema"}),
         "response_format.json_schema.schema"),
        (responses,
         {"model": "m", "input": "a", "text": {"format": {"type": "json_schema", "name": "n"}}},
         "text.format.schema"),
        (dashscope, of_dashscope(response_format={"type": "json_schema"}),
         "parameters.response_format.json_schema.schema"),
        (dashscope, of_dashscope(response_format={"type": "json_schema", "json_schema": {}}),
         "parameters.response_format.json_schema.schema"),
    ],
)  # fmt: skip
def test_a_form_by_a_schema_needs_the_schema(decode: Any, body: Json, param: str) -> None:
    assert refusal(decode, body).param == param


IMAGE: Json = {"type": "image", "source": PNG}
RESULT: Json = {"type": "tool_result", "tool_use_id": "a", "content": "r"}
DOCUMENT: Json = {"type": "document", "source": PLAIN}


@pytest.mark.parametrize(
    ("role", "block"),
    [
        ("assistant", IMAGE),
        ("assistant", RESULT),
        ("assistant", DOCUMENT),
        ("user", CALL),
        ("user", THOUGHT),
        ("system", IMAGE),
    ],
)
def test_a_block_that_its_side_never_says_is_refused(role: str, block: Json) -> None:
    refused = refusal(messages, of_blocks({"type": "text", "text": "a"}, block, role=role))
    assert refused.param == "messages[0].content[1]"
    assert not isinstance(refused, UnsupportedParameterError)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": "a", "tool_calls": [{"function": FUNCTION}]}, ".tool_calls"),
        ({"role": "user", "content": "a", "reasoning_content": "t"}, ".reasoning_content"),
        ({"role": "user", "content": "a", "tool_call_id": "c"}, ".tool_call_id"),
        ({"role": "system", "content": "a", "reasoning_content": "t"}, ".reasoning_content"),
        ({"role": "tool", "content": "a", "reasoning_content": "t"}, ".reasoning_content"),
        ({"role": "assistant", "content": [{"image": "https://a/b"}]}, ".content"),
    ],
)
def test_a_field_that_a_dashscope_role_never_has_is_refused(message: Json, param: str) -> None:
    assert refusal(dashscope, of_dashscope(message)).param == f"input.messages[0]{param}"


def test_arguments_that_are_no_object_are_refused_where_they_stand() -> None:
    body = of_dashscope(ASKED, called({"function": {"name": "f", "arguments": "not json"}}))
    assert refusal(dashscope, body).param == "input.messages[1].tool_calls[0].function.arguments"


@pytest.mark.parametrize("kind", [{}, [], 7, None, "web"])
def test_a_call_of_no_known_type_is_refused(kind: object) -> None:
    body = of_chat(called({"id": "c", "type": kind, "function": FUNCTION}))
    assert refusal(chat, body).param == "messages[0].tool_calls[0]"
