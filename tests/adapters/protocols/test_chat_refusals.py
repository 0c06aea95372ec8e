"""A chat request that has no canonical form is refused where it stands, by name."""

import json
from typing import Any

import pytest

from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.openai_chat.request import decode_request
from domain.errors import InvalidRequestError, UnsupportedParameterError

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
}
ASKED = {"role": "user", "content": "Weather in Paris?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}


def read(**fields: Any) -> Conversation:
    fields.setdefault("messages", [ASKED])
    return decode_request(json.dumps({"model": "m", **fields}).encode()).conversation()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"messages": [ASKED, {"role": "function", "name": "f"}]}, "messages[1].role"),
        ({"messages": [{**ASKED, "mood": "good"}]}, "messages[0].mood"),
        (
            {"messages": [ASKED, {"role": "assistant", "audio": {"id": "a"}}]},
            "messages[1].audio",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}
                ]
            },
            "messages[0].content[0].file.file_id",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}]},
            "messages[0].content[0].x",
        ),
    ],
)
def test_what_no_other_protocol_knows_is_refused_by_name(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        read(**fields)

    assert refused.value.param == param


def _user(part: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [part]}]}


def _image(url: str) -> dict[str, Any]:
    return _user({"type": "image_url", "image_url": {"url": url}})


def _calling(**call: Any) -> dict[str, Any]:
    return {"messages": [ASKED, {"role": "assistant", "tool_calls": [{**CALL, **call}]}]}


def _detailing(details: Any) -> dict[str, Any]:
    return {"messages": [ASKED, {"role": "assistant", "reasoning_details": details}]}


SEEN = [{"type": "image_url", "image_url": {"url": "https://a.example"}}]
PICTURE = "messages[0].content[0].image_url.url"
FIRST_CALL = "messages[1].tool_calls[0]"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (_image("ftp://a.example"), PICTURE),
        (_image("data:image/png,abc"), PICTURE),
        (_image("data:;base64,abc"), PICTURE),
        (_user({"type": "file", "file": {}}), "messages[0].content[0].file.file_data"),
        (_user({"type": "refusal", "refusal": "a"}), "messages[0].content"),
        (_user({"type": "text", "text": ""}), "messages[0].content"),
        (
            _user({"type": "text", "text": "a", "cache_control": {"ttl": "2d"}}),
            "messages[0].content[0].cache_control",
        ),
        ({"messages": [{"role": "system", "content": SEEN}]}, "messages[0].content"),
        ({"messages": [ASKED, {"role": "assistant", "content": SEEN}]}, "messages[1].content"),
        (_calling(function={"name": "f", "arguments": "[1]"}), f"{FIRST_CALL}.function.arguments"),
        (_calling(function={"name": "f", "arguments": "{"}), f"{FIRST_CALL}.function.arguments"),
        (_calling(function={"name": "f"}), FIRST_CALL),
        (_calling(function={"arguments": "{}"}), FIRST_CALL),
        (_calling(function=None), FIRST_CALL),
        (_calling(type="computer"), FIRST_CALL),
        (_calling(id=""), FIRST_CALL),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [ASKED, CALLED, {"role": "tool", "tool_call_id": "other"}]},
            "messages[2].tool_call_id",
        ),
        (_detailing("hm"), "messages[1].reasoning_details"),
        (_detailing([{"type": "reasoning.summary"}]), "messages[1].reasoning_details[0]"),
        (
            {"messages": [ASKED, {"role": "assistant", "reasoning_content": 7}]},
            "messages[1].reasoning_content",
        ),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": 7}}},
            "response_format.json_schema.schema",
        ),
        ({"tool_choice": "often"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "strict": 1}}]},
            "tools[0].function",
        ),
        (
            {"tools": [{"type": "custom", "custom": {"name": "f", "format": {"type": "xml"}}}]},
            "tools[0].custom.format",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(**fields)

    assert refused.value.param == param
