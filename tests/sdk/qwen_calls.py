"""The calls that DashScope's SDKs make in these tests, and how either upstream answers them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scripted_answers import Json, Received, Step, event_of, whole
from tests.scripted_upstream import (
    Answer,
    completion,
    echo as chat_echo,
    sse,
    stream,
    tool_call,
    usage_of,
)
from tests.upstreams.dashscope_answers import Said, echo, generation

QUESTION: Any = [{"role": "user", "content": "one two three"}]
SYSTEM: Any = {"role": "system", "content": "Be brief."}
FUNCTION = {"name": "get_weather", "description": "d", "parameters": {"type": "object"}}
TOOLS = [{"type": "function", "function": FUNCTION}]
PARIS = tool_call("get_weather", {"city": "Paris"}, "call_1")
ROME = tool_call("get_weather", {"city": "Rome"}, "call_2")
RESULT: Any = [
    *QUESTION,
    {"role": "assistant", "content": "", "tool_calls": [PARIS | {"index": 0}]},
    {"role": "tool", "tool_call_id": "call_1", "name": "get_weather", "content": "18C"},
]
USED = {"input_tokens": 40, "output_tokens": 12}
THOUGHT = {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 3}}
MODES: dict[str, Json] = {
    "json": {},
    "incremental": {"stream": True, "incremental_output": True},
    "cumulative": {"stream": True},
    "merged by the SDK": {"stream": True, "incremental_output": False},
}


@dataclass(frozen=True)
class Feature:
    """What a caller asks for, and what either upstream says to it; None is an echo."""

    options: Json = field(default_factory=dict)
    calls: Sequence[Json] = ()
    thoughts: Sequence[str] = ()
    charged: Json = field(default_factory=lambda: {"input": 3, "output": 3})

    def answers(self, streaming: bool) -> dict[str, Answer]:
        """How each upstream answers it."""
        if self.calls:
            said = Said(text=(), calls=self.calls, usage=USED)
            calls, usage = list(self.calls), usage_of(40, 12)
            told = (
                stream([], tool_calls=calls, usage=usage)
                if streaming
                else completion("", tool_calls=calls, usage=usage)
            )
            return {"aliyun": generation(said), "chat": told}
        if self.thoughts:
            said = Said(("Hi",), thoughts=self.thoughts, usage=THOUGHT)
            return {"aliyun": generation(said), "chat": _thinking(self.thoughts, streaming)}
        return {"aliyun": echo(), "chat": chat_echo()}


FEATURES = {
    "text": Feature(),
    "system": Feature({"messages": [SYSTEM, *QUESTION]}, charged={"input": 5, "output": 3}),
    "a tool": Feature({"tools": TOOLS}, [PARIS], charged={"input": 40, "output": 12}),
    "parallel tools": Feature({"tools": TOOLS}, [PARIS, ROME], charged={"input": 40, "output": 12}),
    "a result": Feature({"messages": RESULT, "tools": TOOLS}, charged={"input": 4, "output": 1}),
    "stop": Feature({"stop": ["END"]}),
    "max tokens": Feature({"max_tokens": 2}, charged={"input": 3, "output": 2}),
    "thinking": Feature(
        {"enable_thinking": True, "thinking_budget": 50, "max_tokens": 100},
        thoughts=("H", "m"),
        charged={"input": 9, "output": 2, "reasoning": 3},
    ),
}


@dataclass(frozen=True)
class Heard:
    """What a caller makes of an answer, whole or in events."""

    text: str
    thoughts: str
    arguments: list[Json]
    finish: str
    tokens: tuple[int, int]


def heard(responses: Sequence[Json], mode: str) -> Heard:
    """Add up the events of a mode that tells what is new; else the last has everything."""
    told = responses if mode == "incremental" else responses[-1:]
    text = thoughts = ""
    arguments: dict[int, str] = {}
    for response in told:
        message = response["output"]["choices"][0]["message"]
        text += message.get("content") or ""
        thoughts += message.get("reasoning_content") or ""
        for call in message.get("tool_calls") or ():
            index = call["index"]
            arguments[index] = arguments.get(index, "") + call["function"].get("arguments", "")
    last = responses[-1]
    return Heard(
        text,
        thoughts,
        [json.loads(written) for written in arguments.values()],
        last["output"]["choices"][0]["finish_reason"],
        (last["usage"]["input_tokens"], last["usage"]["output_tokens"]),
    )


def _thinking(thoughts: Sequence[str], streaming: bool) -> Answer:
    """Chat has no word for thoughts of its own; this is the one that everybody uses."""
    usage = usage_of(9, 5, completion_tokens_details={"reasoning_tokens": 3})
    if streaming:
        deltas: list[Json] = [{"reasoning_content": thought} for thought in thoughts]
        chunks = [_chunk(delta) for delta in [*deltas, {"content": "Hi"}]]
        chunks += [_chunk({}, "stop"), _chunk(None) | {"usage": usage}]
        return sse(*map(event_of, chunks), b"data: [DONE]\n\n")

    def answer(request: Received) -> list[Step]:
        message = {"role": "assistant", "content": "Hi", "reasoning_content": "".join(thoughts)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return [whole(200, _head("chat.completion") | {"choices": [choice], "usage": usage})]

    return answer


def _chunk(delta: Json | None, finish: str | None = None) -> Json:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return _head("chat.completion.chunk") | {"choices": choices}


def _head(kind: str) -> Json:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": "m"}
