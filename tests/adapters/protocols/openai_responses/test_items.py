"""Input items of Responses as canonical turns."""

from typing import Any

import pytest

from adapters.protocols.canonical.blocks import (
    Document,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Turn
from adapters.protocols.openai_responses.sealed import seal_call, seal_thought
from tests.adapters.protocols.openai_responses.samples import CALL, HI, PARIS, request_of


def turns_of(*items: Any) -> tuple[Turn, ...]:
    return request_of(HI, input=list(items)).conversation().turns


def test_every_part_becomes_a_block() -> None:
    png = "data:image/png;base64,iVBORw0KGgo="
    pdf = "data:application/pdf;base64,JVBERi0="
    breakpoint_ = {"mode": "explicit", "ttl": "12h"}

    (turn,) = turns_of(
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look", "prompt_cache_breakpoint": breakpoint_},
                {"type": "input_text", "text": ""},
                {"type": "input_image", "image_url": png, "detail": "low"},
                {"type": "input_image", "image_url": "https://x.example/a.png"},
                {"type": "input_file", "file_data": pdf, "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://x.example/a.pdf"},
            ],
        }
    )

    assert turn.blocks == (
        Text("look", "1h"),
        Image("image/png", "iVBORw0KGgo=", detail="low"),
        Image(url="https://x.example/a.png"),
        Document("application/pdf", "JVBERi0=", title="a.pdf"),
        Document(url="https://x.example/a.pdf"),
    )


def test_what_the_model_said_and_did_is_one_turn() -> None:
    turns = turns_of(
        {"role": "user", "content": "Go."},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "phase": "commentary",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "On it.", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "But not that."},
            ],
        },
        CALL,
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "c1", "output": "18C"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "done"}],
        },
        {"role": "user", "content": "And?"},
    )

    assert turns == (
        Turn("user", (Text("Go."),)),
        Turn(
            "assistant",
            (
                Thinking("hm"),
                Text("On it."),
                Refusal("But not that."),
                ToolUse("c1", "f", PARIS),
                ToolUse("c2", "apply_patch", "*** Begin", custom=True),
            ),
        ),
        Turn(
            "user",
            (ToolResult("c1", (Text("18C"),)), ToolResult("c2", (Text("done"),)), Text("And?")),
        ),
    )


def test_a_system_message_between_turns_keeps_its_place() -> None:
    found = request_of(
        HI,
        instructions="one",
        input=[
            {"role": "system", "content": "two"},
            {"role": "user", "content": "Hi"},
            {"role": "developer", "content": "three"},
        ],
    ).conversation()

    assert found.system == (Text("one"), Text("two"))
    assert found.turns == (Turn("user", (Text("Hi"),)), Turn("system", (Text("three"),)))


@pytest.mark.parametrize(
    "thought",
    [
        Thinking("Hm.\n\nSo.", "c2ln", "anthropic"),
        Thinking("", "c2ln", "anthropic"),
        Thinking("Hm.", "gAAAA", "openai_responses"),
        RedactedThinking("cmVk", "anthropic"),
        RedactedThinking("gAAAA", "openai_responses"),
        Thinking("Hm."),
    ],
)
def test_thoughts_come_back_with_the_signature_of_whoever_issued_it(
    thought: Thinking | RedactedThinking,
) -> None:
    text = getattr(thought, "text", "")
    item = {"type": "reasoning", "id": "rs", "summary": [{"text": text}] if text else []}
    if sealed := seal_thought(thought):
        item["encrypted_content"] = sealed

    assert turns_of(item) == (Turn("assistant", (thought,)),)


@pytest.mark.parametrize("sealed", ["tb1.e30=", "tb1.%", "tb1.W10=", "tb1.eyJraW5kIjoiYSJ9"])
def test_a_signature_that_makes_no_sense_leaves_the_words(sealed: str) -> None:
    item = {"type": "reasoning", "summary": [{"text": "hm"}], "encrypted_content": sealed}

    assert turns_of(item) == (Turn("assistant", (Thinking("hm"),)),)
    assert turns_of({**item, "summary": []}) == ()


def test_a_thought_whose_words_were_changed_loses_its_signature() -> None:
    sealed = seal_thought(Thinking("Hm.", "c2ln", "anthropic"))
    item = {"type": "reasoning", "summary": [{"text": "Hm?"}], "encrypted_content": sealed}

    assert turns_of(item) == (Turn("assistant", (Thinking("Hm?"),)),)


def test_a_call_finds_its_signature_again() -> None:
    call = ToolUse("c1", "f", PARIS, "Z2Vt", "gemini")

    (turn,) = turns_of(
        CALL, {"type": "reasoning", "summary": [], "encrypted_content": seal_call(call)}
    )

    assert turn.blocks == (call,)


def test_a_call_without_arguments_has_an_empty_object() -> None:
    (turn,) = turns_of({**CALL, "arguments": ""})

    assert turn.blocks == (ToolUse("c1", "f", "{}"),)
