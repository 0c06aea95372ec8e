"""Requests of Responses as clients send them, and what a model could answer."""

import json
from typing import Any

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.openai_responses.request import ResponsesRequest, decode_request
from domain.metering import Report
from domain.usage import exclusive

Json = dict[str, Any]

FRAME = Frame("0f9d", "small", 1_700_000_000)
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
WEATHER: Json = {
    "type": "function",
    "name": "get_weather",
    "description": "d",
    "parameters": SCHEMA,
    "strict": False,
}
GOLDEN: Json = {
    "model": "m",
    "max_output_tokens": 100,
    "instructions": "Be brief.",
    "store": False,
    "input": [
        {"role": "user", "content": "Weather in Paris?"},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city":"Paris"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "18C"},
    ],
    "tools": [WEATHER],
    "tool_choice": "auto",
}
"""Wire-facts §7."""
PATCH: Json = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edit files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
}
CODEX: Json = {
    "model": "small",
    "stream": True,
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "You may run commands."}],
        },
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "<environment_context/>"}],
        },
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "one two three"}],
        },
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium"},
    "text": {"verbosity": "low"},
    "prompt_cache_key": "0190c0de-0000-7000-8000-000000000000",
    "client_metadata": {"x-codex-installation-id": "1"},
    "tools": [
        *({**WEATHER, "name": f"shell_{number}"} for number in range(7)),
        PATCH,
        {"type": "tool_search", "execution": "client", "description": "s", "parameters": {}},
        {"type": "web_search", "external_web_access": True},
    ],
}
"""Wire-facts §1.7."""
PARIS = '{"city":"Paris"}'
HI: Json = {"model": "m", "input": "Hi"}
CALL: Json = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": PARIS}
REPORT = Report(
    exclusive(input=100, cached_input=900, cache_write=50, output=20, reasoning=10),
)
BLOCKS = (
    Thinking("Hm, Paris.", "c2ln", "anthropic"),
    RedactedThinking("cmVk", "anthropic"),
    Text("Let me "),
    Text("see."),
    ToolUse("call_1", "get_weather", '{"city":"Paris"}', "Z2Vt", "gemini"),
    ToolUse("call_2", "apply_patch", "*** Begin", custom=True),
    Refusal("Not that."),
)


def request_of(body: Json = GOLDEN, **changes: Any) -> ResponsesRequest:
    return decode_request(json.dumps(body | changes).encode())


def answer_of(*blocks: Any, stop: Any = "stop") -> Answer:
    return Answer(blocks, stop, report=REPORT)


def events_of(answer: Answer, piece: int = 3) -> list[Event]:
    """The answer as a stream that tells it in pieces of so many characters."""
    events: list[Event] = []
    for index, block in enumerate(answer.blocks):
        if isinstance(block, RedactedThinking):
            events += [Began(index, block), Ended(index)]
            continue
        empty, text = bare(block)
        events.append(Began(index, empty))
        events += [Grew(index, text[at : at + piece]) for at in range(0, len(text), piece)]
        signature, issuer = getattr(block, "signature", None), getattr(block, "issuer", None)
        if signature and issuer:
            events.append(Signed(index, signature, issuer))
        events.append(Ended(index))
    return [*events, Stopped(answer.stop)]


def bare(block: Text | Thinking | ToolUse | Refusal) -> tuple[Any, str]:
    match block:
        case Text():
            return Text(""), block.text
        case Thinking():
            return Thinking(""), block.text
        case Refusal():
            return Refusal(""), block.text
        case ToolUse():
            return ToolUse(block.id, block.name, "", custom=block.custom), block.arguments


def data_of(stream: bytes) -> list[Json]:
    """The events of a stream, each of whose names must be its type."""
    events: list[Json] = []
    for text in stream.decode().split("\n\n")[:-1]:
        name, _, data = text.partition("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events
