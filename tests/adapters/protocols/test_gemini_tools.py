"""Tools, calls of them and their results as Gemini has them, with the signatures it insists on."""

from typing import Any

import pytest

from adapters.protocols.canonical.blocks import Image, Text, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice, Turn
from adapters.protocols.gemini.from_conversation import write_request
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.some_conversations import DATA, WEATHER, asking
from tests.adapters.protocols.vendor_models import Json, assert_gemini_takes

NEW, OLD = "gemini-3-flash", "gemini-2.5-flash"
CALL = ToolUse("call_1", "look", "{}")
TOOLS = (Tool("look"), Tool("get_weather", "d", WEATHER))


def written(conversation: Conversation, model: str = NEW) -> Json:
    body = write_request(conversation, model, output_cap=100)
    assert_gemini_takes(body)
    return body


def refused(conversation: Conversation, model: str = NEW) -> str | None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, model, output_cap=100)
    return refusal.value.param


def calls(*blocks: Any, model: str = NEW) -> Any:
    results = tuple(ToolResult(block.id, (Text("r"),)) for block in blocks)
    turns = (*asking().turns, Turn("assistant", blocks), Turn("user", results))
    return written(Conversation(turns), model)["contents"][1]["parts"]


def test_a_signature_of_googles_own_goes_back_with_its_call() -> None:
    first, second = calls(
        ToolUse("a", "look", "{}", "bWluZQ==", "gemini"), ToolUse("b", "look", "{}")
    )

    assert first["thoughtSignature"] == "bWluZQ=="
    assert "thoughtSignature" not in second


def test_a_signature_of_another_vendor_is_replaced_by_the_sentinel_on_the_first_call() -> None:
    first, second = calls(
        ToolUse("a", "look", "{}", "c2ln", "anthropic"), ToolUse("b", "look", "{}")
    )

    assert first["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in second


def test_models_before_the_third_generation_need_no_signature() -> None:
    assert "thoughtSignature" not in calls(CALL, model=OLD)[0]


@pytest.mark.parametrize(
    ("result", "response"),
    [
        (ToolResult("call_1", (Text('{"degrees": 18}'),)), {"degrees": 18}),
        (ToolResult("call_1", (Text("1"), Text("8"))), {"output": "18"}),
        (ToolResult("call_1", (Text("[18]"),)), {"output": "[18]"}),
        (ToolResult("call_1", ()), {"output": ""}),
        (ToolResult("call_1", (Text('{"a":1,"a":2}'),)), {"output": '{"a":1,"a":2}'}),
        (ToolResult("call_1", (Text('{"a":"\\ud800"}'),)), {"output": '{"a":"\\ud800"}'}),
        (ToolResult("call_1", (Text('{"no": 1}'),), is_error=True), {"error": '{"no": 1}'}),
    ],
)
def test_a_result_is_an_object_its_own_if_it_is_one(result: ToolResult, response: Json) -> None:
    turns = (*asking().turns, Turn("assistant", (CALL,)), Turn("user", (result,)))
    [part] = written(Conversation(turns))["contents"][2]["parts"]

    assert part["functionResponse"] == {"id": "call_1", "name": "look", "response": response}


def test_pictures_in_a_result_go_to_models_that_take_them() -> None:
    result = ToolResult("call_1", (Text("see"), Image("image/png", DATA)))
    turns = (*asking().turns, Turn("assistant", (CALL,)), Turn("user", (result,)))
    [part] = written(Conversation(turns))["contents"][2]["parts"]

    inline = {"inlineData": {"mimeType": "image/png", "data": DATA}}
    assert part["functionResponse"]["parts"] == [inline]
    assert refused(Conversation(turns), OLD) == "turns"


@pytest.mark.parametrize("arguments", ["[1]", "{", '{"a":1,"a":2}', '{"a":"\\ud800"}', "NaN"])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    turns = (*asking().turns, Turn("assistant", (ToolUse("a", "look", arguments),)))
    with pytest.raises(InvalidRequestError):
        write_request(Conversation(turns), NEW, output_cap=1)


def test_no_arguments_are_an_empty_object() -> None:
    assert calls(ToolUse("a", "look", " "))[0]["functionCall"]["args"] == {}


@pytest.mark.parametrize(
    ("choice", "config", "declared"),
    [
        (ToolChoice("none"), {"mode": "NONE"}, 2),
        (ToolChoice("required"), {"mode": "ANY"}, 2),
        (
            ToolChoice("required", ("look",)),
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
            2,
        ),
        (ToolChoice("auto", ("look",)), {"mode": "AUTO"}, 1),
    ],
)
def test_the_choice_of_tools_is_kept(choice: ToolChoice, config: Json, declared: int) -> None:
    body = written(asking(tools=TOOLS, tool_choice=choice))

    assert body["toolConfig"] == {"functionCallingConfig": config}
    assert len(body["tools"][0]["functionDeclarations"]) == declared


def test_a_tool_without_parameters_takes_none() -> None:
    [tools] = written(asking(tools=TOOLS))["tools"]

    assert tools["functionDeclarations"][0] == {
        "name": "look",
        "parametersJsonSchema": {"type": "object", "properties": {}},
    }


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"parallel_tools": False}, "parallel_tools"),
        ({"tools": (Tool("9lives"),)}, "tools"),
        ({"tools": (Tool("a" * 65),)}, "tools"),
    ],
)
def test_tools_that_gemini_cannot_have_are_refused_by_name(more: Json, name: str) -> None:
    assert refused(asking(**{"tools": TOOLS, **more})) == name


def test_parallel_tools_mean_nothing_without_tools() -> None:
    assert "tools" not in written(asking(parallel_tools=False))
