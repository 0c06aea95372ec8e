"""What every client asks of every upstream, what must arrive there, and what comes back."""

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Stop = Literal["stop", "length", "tool"]

WEATHER: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
CAPITAL: Json = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}
SYSTEM = "Be brief."
TOOL_NAME = "get_weather"
CALL_ID = "call_1"
RESULT = "18 degrees"
STOP_WORD = "END"
MAX_TOKENS = 777
BUDGET = 2000
"""Tokens that clients allow for thoughts, where they can say it in tokens."""


def png() -> str:
    """A picture of one pixel, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + pixel + chunk(b"IEND", b"")).decode()


PNG = png()
TEXT_MODEL = "text"


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool that the model makes."""

    id: str
    name: str
    arguments: Json


@dataclass(frozen=True)
class Feature:
    """One row of the matrix."""

    name: str
    asks: str = "Say hello."
    system: bool = False
    image: bool = False
    tools: bool = False
    result: bool = False
    """Whether the model's earlier call and what the tool said are part of the question."""
    schema: bool = False
    stop_word: bool = False
    max_tokens: int = 1000
    thinking: bool = False
    text: str = "Hello there, friend."
    thoughts: str = ""
    calls: tuple[ToolCall, ...] = field(default=())
    stop: Stop = "stop"


PARIS = ToolCall(CALL_ID, TOOL_NAME, {"city": "Paris"})
ROME = ToolCall("call_2", TOOL_NAME, {"city": "Rome"})

FEATURES = (
    Feature("text"),
    Feature("system", system=True),
    Feature("image", asks="What is this?", image=True),
    Feature("tool", asks="Weather in Paris?", tools=True, text="", calls=(PARIS,), stop="tool"),
    Feature("parallel", asks="Both?", tools=True, text="", calls=(PARIS, ROME), stop="tool"),
    Feature("result", asks="Weather in Paris?", tools=True, result=True, text="It is mild."),
    Feature("schema", asks="Capital?", schema=True, text='{"capital": "Paris"}'),
    Feature("stop", asks="Count.", stop_word=True, text="one two "),
    Feature("length", asks="Go on.", max_tokens=MAX_TOKENS, text="Once upon", stop="length"),
    Feature(
        "thinking", asks="Why?", thinking=True, max_tokens=4000, text="So.", thoughts="Let me see."
    ),
)
BY_NAME = {feature.name: feature for feature in FEATURES}


@dataclass
class Seen:
    """What an upstream found in a request, whatever its protocol calls it."""

    text: str = ""
    system: str = ""
    image: str = ""
    tools: list[str] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    schema: Json | None = None
    stop: list[str] = field(default_factory=list)
    max_tokens: int = 0
    thinking: bool = False


def expected_of(feature: Feature, *, thoughts_on_top: bool = False) -> Seen:
    """What must have arrived; a client may count thoughts besides the tokens that it allows."""
    on_top = BUDGET if feature.thinking and thoughts_on_top else 0
    return Seen(
        text=feature.asks,
        system=SYSTEM if feature.system else "",
        image=PNG if feature.image else "",
        tools=[TOOL_NAME] if feature.tools else [],
        calls=[PARIS.arguments] if feature.result else [],
        results=[RESULT] if feature.result else [],
        schema=CAPITAL if feature.schema else None,
        stop=[STOP_WORD] if feature.stop_word else [],
        max_tokens=feature.max_tokens + on_top,
        thinking=feature.thinking,
    )


def missing_in(seen: Seen, expected: Seen) -> list[str]:
    """Name what differs."""
    return [
        f"{name}: {getattr(seen, name)!r} instead of {wanted!r}"
        for name, wanted in vars(expected).items()
        if getattr(seen, name) != wanted
    ]


def pieces(text: str) -> list[str]:
    """Cut a text where a stream would."""
    return [text[at : at + 5] for at in range(0, len(text), 5)]
