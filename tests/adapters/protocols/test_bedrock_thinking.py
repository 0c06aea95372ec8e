"""How much a Bedrock model may think, by its vendor and version."""

from typing import Any

import pytest

from adapters.protocols.bedrock.families import claude
from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.blocks import Text, Thinking, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Reasoning, Turn
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import asking
from tests.adapters.protocols.vendor_models import Json, assert_converse_takes

BUDGETED, EFFORTFUL, NEWEST, OLD = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-opus-4-6-v1",
    "global.anthropic.claude-opus-5",
    "anthropic.claude-3-5-sonnet-20240620-v1:0",
)
NOVA, GPT, LLAMA = "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0", "meta.llama3-v1:0"
OFF = Reasoning(enabled=False)
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        (BUDGETED, "budget"),
        (EFFORTFUL, "adaptive"),
        (NEWEST, "adaptive"),
        (OLD, "none"),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "budget"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "budget"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "budget"),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{BUDGETED[3:]}", "budget"),
    ],
)
def test_how_a_claude_thinks_is_told_by_its_id(model: str, thinking: str) -> None:
    abilities = claude(model)
    assert abilities is not None
    assert abilities.thinking == thinking


@pytest.mark.parametrize("model", [NOVA, GPT, LLAMA, ARN])
def test_nothing_else_is_taken_for_a_claude(model: str) -> None:
    assert claude(model) is None


def asked(model: str, reasoning: Reasoning, cap: int = 60_000, **more: Any) -> tuple[Any, Any]:
    body = write_request(asking(reasoning=reasoning, **more), model, output_cap=cap)
    assert_converse_takes(body)
    effort = body.get("outputConfig", {}).get("effort")
    return body.get("additionalModelRequestFields"), effort


def budget(tokens: int) -> Json:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def nova(effort: str) -> Json:
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}


SUMMARIZED = {"thinking": {"type": "adaptive", "display": "summarized"}}


@pytest.mark.parametrize(
    ("model", "reasoning", "told"),
    [
        (BUDGETED, Reasoning(effort="minimal"), (budget(1024), None)),
        (BUDGETED, Reasoning(effort="low"), (budget(2048), None)),
        (BUDGETED, Reasoning(effort="high"), (budget(16384), None)),
        (BUDGETED, Reasoning(), (budget(8192), None)),
        (BUDGETED, Reasoning(budget=50_000), (budget(50_000), None)),
        (BUDGETED, OFF, (None, None)),
        (EFFORTFUL, Reasoning(effort="minimal"), (SUMMARIZED, "low")),
        (EFFORTFUL, Reasoning(effort="max"), (SUMMARIZED, "max")),
        (EFFORTFUL, Reasoning(), (SUMMARIZED, None)),
        (EFFORTFUL, Reasoning(effort="none"), ({"thinking": {"type": "disabled"}}, None)),
        (NEWEST, Reasoning(budget=2048), (SUMMARIZED, "low")),
        (NOVA, Reasoning(effort="minimal"), (nova("low"), None)),
        (NOVA, Reasoning(), (nova("medium"), None)),
        (NOVA, OFF, ({"reasoningConfig": {"type": "disabled"}}, None)),
        (GPT, Reasoning(effort="minimal"), ({"reasoning_effort": "low"}, None)),
        (GPT, Reasoning(effort="medium"), ({"reasoning_effort": "medium"}, None)),
        (GPT, Reasoning(budget=16385), ({"reasoning_effort": "high"}, None)),
        (GPT, Reasoning(), (None, None)),
        (LLAMA, OFF, (None, None)),
        (OLD, Reasoning(effort="none"), (None, None)),
    ],
)
def test_thinking_is_asked_for_in_the_vendors_words(
    model: str, reasoning: Reasoning, told: tuple[Any, Any]
) -> None:
    assert asked(model, reasoning) == told


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [
        (LLAMA, Reasoning(effort="low")),
        (ARN, Reasoning()),
        (OLD, Reasoning(budget=2000)),
        (NOVA, Reasoning(effort="high")),
        (GPT, OFF),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_name(model: str, reasoning: Reasoning) -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        asked(model, reasoning)
    assert refusal.value.param == "reasoning"


@pytest.mark.parametrize(
    "reasoning", [Reasoning(effort="low"), Reasoning(budget=2000), Reasoning()]
)
def test_a_cap_without_room_to_think_is_refused(reasoning: Reasoning) -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        asked(BUDGETED, reasoning, cap=1024)
    assert refusal.value.param == "reasoning"


def test_a_claude_that_thinks_takes_its_default_temperature_only() -> None:
    thinking = Reasoning(effort="low")
    for name, value in (("temperature", 0.5), ("top_p", 0.9), ("top_k", 5)):
        with pytest.raises(UnsupportedParameterError) as refusal:
            asked(BUDGETED, thinking, options={name: value})
        assert refusal.value.param == name
    assert asked(BUDGETED, thinking, options={"temperature": 1}) == (budget(2048), None)
    assert asked(BUDGETED, OFF, options={"top_k": 5}) == ({"top_k": 5}, None)


@pytest.mark.parametrize(
    ("thought", "told"),
    [
        (Thinking("mine", "c2ln", "bedrock"), budget(2048)),
        (Thinking("another's", "c2ln", "anthropic"), None),
        (Text("none"), None),
    ],
)
def test_amid_tool_calls_it_thinks_on_only_if_its_thoughts_came_back(
    thought: Thinking | Text, told: Any
) -> None:
    turns = (
        *asking().turns,
        Turn("assistant", (thought, ToolUse("a", "look", "{}"))),
        Turn("user", (ToolResult("a", (Text("r"),)),)),
    )
    conversation = Conversation(turns, reasoning=Reasoning(effort="low"))
    body = write_request(conversation, BUDGETED, output_cap=60_000)
    assert body.get("additionalModelRequestFields") == told
    # Newer ones do not insist.
    newest = write_request(conversation, NEWEST, output_cap=60_000)
    assert newest["additionalModelRequestFields"] == SUMMARIZED
