"""What an upstream of Responses gets of a conversation that came in another protocol."""

from typing import Any, cast

import pytest

from adapters.protocols.canonical.blocks import (
    Audio,
    Document,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool,
    ToolChoice,
    Turn,
)
from adapters.protocols.openai_responses.from_conversation import write_request
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.openai_responses.samples import CODEX, GOLDEN, SCHEMA, request_of
from tests.adapters.protocols.openai_responses.sent import SAID, written

PICTURE = Image("image/png", "iVBORw0KGgo=")
EVERYTHING = Conversation(
    turns=(
        Turn(
            "user",
            (
                Text("Look", "5m"),
                PICTURE,
                Image(url="https://x.example/a.png", detail="high"),
                Document("application/pdf", "JVBERi0=", title="a.pdf"),
                Document(text="plain", title="t"),
                Document(url="https://x.example/a.pdf"),
            ),
        ),
        Turn(
            "assistant",
            (
                Thinking("Hm.", "gAAAA", "openai_responses"),
                RedactedThinking("gBBBB", "openai_responses"),
                Text("On it."),
                Refusal("But not that."),
                ToolUse("c1", "get_weather", '{"city":"Paris"}'),
                ToolUse("c2", "apply_patch", "*** Begin", custom=True),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("c1", (Text("18C"),), is_error=True),
                ToolResult("c2", (Text("done"), PICTURE)),
                Text("And?"),
            ),
        ),
        Turn("system", (Text("Faster."),)),
    ),
    system=(Text("One."), Text("Two.")),
    tools=(
        Tool("get_weather", "d", SCHEMA),
        Tool("nothing"),
        Tool("apply_patch", "p", custom=True, grammar={"syntax": "lark", "definition": "x"}),
    ),
    tool_choice=ToolChoice("auto", ("get_weather", "apply_patch")),
    parallel_tools=False,
    format=Format(SCHEMA, "n", "what", strict=True),
    reasoning=Reasoning(effort="low"),
    options={"temperature": 0.5, "verbosity": "low", "user": "u"},
)


def test_the_golden_request() -> None:
    fields = written(request_of().conversation())

    first = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Weather in Paris?"}],
    }
    assert fields == GOLDEN | {"input": [first, *GOLDEN["input"][1:]]}


def test_everything_has_its_place() -> None:
    fields = written(EVERYTHING)

    def texts(role: str, kind: str, *said: str) -> dict[str, Any]:
        parts = [{"type": kind, "text": text} for text in said]
        return {"type": "message", "role": role, "content": parts}

    png = {
        "type": "input_image",
        "image_url": "data:image/png;base64,iVBORw0KGgo=",
        "detail": "auto",
    }
    items = fields["input"]
    assert items[0] == texts("developer", "input_text", "One.", "Two.")
    assert items[1]["content"] == [
        {"type": "input_text", "text": "Look"},
        png,
        {"type": "input_image", "image_url": "https://x.example/a.png", "detail": "high"},
        {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,JVBERi0=",
            "filename": "a.pdf",
        },
        {"type": "input_text", "text": "t\n\nplain"},
        {"type": "input_file", "file_url": "https://x.example/a.pdf"},
    ]
    assert items[2:4] == [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "gAAAA",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "gBBBB"},
    ]
    assert items[4]["content"] == [
        {"type": "output_text", "text": "On it."},
        {"type": "refusal", "refusal": "But not that."},
    ]
    assert items[5:9] == [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "get_weather",
            "arguments": '{"city":"Paris"}',
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "c1", "output": "Error: 18C"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "done"}, png],
        },
    ]
    assert items[9:] == [
        texts("user", "input_text", "And?"),
        texts("developer", "input_text", "Faster."),
    ]
    allowed = [
        {"type": "function", "name": "get_weather"},
        {"type": "custom", "name": "apply_patch"},
    ]
    assert fields["tool_choice"] == {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    assert fields["tools"][2]["format"] == {"type": "grammar", "syntax": "lark", "definition": "x"}
    assert fields["text"] == {
        "verbosity": "low",
        "format": {
            "type": "json_schema",
            "name": "n",
            "schema": SCHEMA,
            "description": "what",
            "strict": True,
        },
    }
    assert fields["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (fields["temperature"], fields["user"]) == (0.5, "u")
    assert (fields["store"], fields["parallel_tool_calls"]) == (False, False)


def test_it_reads_back_as_it_was_written() -> None:
    said = Turn("user", EVERYTHING.turns[0].blocks[1:4] + EVERYTHING.turns[0].blocks[-1:])
    conversation = Conversation((said, EVERYTHING.turns[1]), system=EVERYTHING.system)

    found = request_of(written(conversation)).conversation()

    assert found.system == conversation.system
    assert found.turns == conversation.turns


def test_what_codex_says_reads_back() -> None:
    asked = request_of(CODEX).conversation()

    assert request_of(written(asked)).conversation() == asked


@pytest.mark.parametrize(
    "thought",
    [Thinking("Hm.", "c2ln", "anthropic"), RedactedThinking("x", "gemini"), Thinking("x")],
)
def test_thoughts_that_others_issued_are_left_out(thought: Thinking | RedactedThinking) -> None:
    fields = written(Conversation((SAID, Turn("assistant", (thought, Text("Yes."))))))

    assert [item["type"] for item in fields["input"]] == ["message", "message"]


@pytest.mark.parametrize(
    ("blocks", "output"),
    [((), "Error: "), ((PICTURE,), ["input_text", "input_image"])],
)
def test_a_failure_without_words_is_told_all_the_same(blocks: Any, output: object) -> None:
    call = Turn("assistant", (ToolUse("c1", "f", "{}"),))
    result = Turn("user", (ToolResult("c1", blocks, is_error=True),))

    item = written(Conversation((SAID, call, result)))["input"][-1]

    said = item["output"]
    assert (said if isinstance(said, str) else [part["type"] for part in said]) == output


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"stop": ("x",)}, "stop_sequences"),
        ({"options": {"seed": 1}}, "seed"),
        ({"options": {"top_k": 1}}, "top_k"),
        ({"turns": (Turn("user", (Audio("wav", "UklGRg=="),)),)}, "audio"),
    ],
)
def test_what_responses_has_no_place_for_is_refused_by_the_callers_name(
    changes: dict[str, Any], name: str
) -> None:
    fields = {"turns": (SAID,), "names": {"stop": "stop_sequences"}, **changes}

    with pytest.raises(UnsupportedParameterError) as refused:
        write_request(Conversation(**cast("Any", fields)), "m", output_cap=1, stream=False)

    assert refused.value.param == name


def test_hints_without_a_place_are_left_out() -> None:
    fields = written(Conversation((SAID,), options={"metadata": {"a": "b"}, "store": True}))

    assert "metadata" not in fields
    assert fields["store"] is False


def test_a_stream_is_asked_for() -> None:
    assert write_request(Conversation((SAID,)), "m", output_cap=1, stream=True)["stream"] is True
