"""How much a model may think: by what its name tells, and within what is held."""

from typing import Any

import pytest

from adapters.protocols.canonical.conversation import Reasoning
from adapters.protocols.dashscope.models import Thinking, takes_parts, thinking_of
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.dashscope_bodies import parameters, written


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        ("qwen-plus", Thinking.ON_REQUEST),
        ("qwen-turbo-latest", Thinking.ON_REQUEST),
        ("qwen3-max", Thinking.ON_REQUEST),
        ("deepseek-v3.1", Thinking.ON_REQUEST),
        ("something-new", Thinking.ON_REQUEST),
        ("qwen3-235b-a22b", Thinking.BY_DEFAULT),
        ("Qwen3.8-Max", Thinking.BY_DEFAULT),
        ("qwen4-plus", Thinking.BY_DEFAULT),
        ("glm-4.6", Thinking.BY_DEFAULT),
        ("qwq-plus", Thinking.ALWAYS),
        ("qvq-max", Thinking.ALWAYS),
        ("deepseek-r1-0528", Thinking.ALWAYS),
        ("qwen3-235b-a22b-thinking-2507", Thinking.ALWAYS),
        ("qwen3-235b-a22b-instruct-2507", Thinking.NEVER),
        ("qwen3-coder-plus", Thinking.NEVER),
        ("qwen2.5-72b-instruct", Thinking.NEVER),
        ("qwen-max", Thinking.NEVER),
        ("qwen-long", Thinking.NEVER),
        ("qwen1.5-7b-chat", Thinking.NEVER),
        ("deepseek-v3", Thinking.NEVER),
    ],
)
def test_a_models_habit_is_known_by_its_name(model: str, thinks: Thinking) -> None:
    assert thinking_of(model) is thinks


def test_models_that_see_or_hear_are_known_by_their_names() -> None:
    seeing = ["qwen-vl-max", "qwen3-vl-plus", "qwen2.5-vl-72b-instruct", "qvq-max", "qwen-omni"]

    assert all(map(takes_parts, seeing))
    assert not any(map(takes_parts, ["qwen-plus", "qwen3-max", "deepseek-v3"]))


@pytest.mark.parametrize(
    ("model", "reasoning", "told"),
    [
        ("qwen-plus", None, {"max_tokens": 100}),
        ("qwen-plus", Reasoning(), {"enable_thinking": True, "thinking_budget": 50}),
        ("qwen-plus", Reasoning(budget=70), {"max_tokens": 30, "thinking_budget": 70}),
        ("qwen-plus", Reasoning(enabled=False), {"max_tokens": 100, "enable_thinking": False}),
        ("qwen-plus", Reasoning(effort="none"), {"max_tokens": 100, "enable_thinking": False}),
        ("qwen3-8b", None, {"max_tokens": 50, "thinking_budget": 50}),
        ("qwen3-8b", Reasoning(effort="low"), {"enable_thinking": True, "thinking_budget": 50}),
        ("qwen-max", Reasoning(enabled=False), {"max_tokens": 100}),
        ("qwq-plus", None, {"max_tokens": 50, "thinking_budget": 50}),
    ],
)
def test_thoughts_stay_within_what_is_held(
    model: str, reasoning: Reasoning | None, told: dict[str, Any]
) -> None:
    limits = parameters(model=model, reasoning=reasoning)

    assert told.items() <= limits.items()
    assert limits["max_tokens"] + limits.get("thinking_budget", 0) == 100


def test_an_effort_is_a_budget_where_there_is_room_for_it() -> None:
    limits = parameters(cap=10_000, reasoning=Reasoning(effort="low"))

    assert (limits["max_tokens"], limits["thinking_budget"]) == (7_952, 2_048)


def test_where_there_is_no_room_for_thoughts_there_are_none() -> None:
    assert parameters(cap=1, model="qwen3-8b")["enable_thinking"] is False
    assert parameters(cap=1, model="qwq-plus")["thinking_budget"] == 1


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [("qwen-max", Reasoning()), ("qwq-plus", Reasoning(enabled=False))],
)
def test_thinking_that_a_model_cannot_do_or_stop_is_refused(
    model: str, reasoning: Reasoning
) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        written(model=model, reasoning=reasoning, names={"reasoning": "reasoning_effort"})

    assert refused.value.param == "reasoning_effort"


@pytest.mark.parametrize(
    ("model", "stream", "reasoning", "streams"),
    [
        ("qwen-plus", True, None, True),
        ("qwen-plus", False, None, False),
        ("qwen-plus", False, Reasoning(), True),
        ("qwq-plus", False, None, True),
        ("qwen3-8b", False, Reasoning(enabled=False), False),
    ],
)
def test_a_call_that_thinks_streams_whatever_the_caller_wants(
    model: str, stream: bool, reasoning: Reasoning | None, streams: bool
) -> None:
    told = parameters(model=model, stream=stream, reasoning=reasoning)

    assert told.get("incremental_output", False) is streams
