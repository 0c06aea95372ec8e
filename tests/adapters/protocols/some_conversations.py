"""Conversations to be sent: the one of the golden vectors, and any that a caller could mean."""

import base64
import json
from typing import Any

from hypothesis import strategies as st

from adapters.protocols.canonical.blocks import (
    Block,
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

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
DATA = base64.b64encode(b"some bytes").decode()
GOLDEN = Conversation(
    system=(Text("Be brief."),),
    turns=(
        Turn("user", (Text("Weather in Paris?"),)),
        Turn("assistant", (ToolUse("call_1", "get_weather", '{"city":"Paris"}'),)),
        Turn("user", (ToolResult("call_1", (Text("18C"),)),)),
    ),
    tools=(Tool("get_weather", "d", WEATHER),),
    tool_choice=ToolChoice("auto"),
)


def asking(*blocks: Block, **more: Any) -> Conversation:
    """One turn of the user's."""
    return Conversation(turns=(Turn("user", blocks or (Text("Hello."),)),), **more)


texts = st.text(min_size=1, max_size=20)
caches = st.sampled_from([None, None, "5m", "1h"])
issuers = st.sampled_from([None, "anthropic", "gemini", "bedrock"])
json_objects = st.dictionaries(
    texts,
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.lists(texts, max_size=2),
    max_size=3,
)
said: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, st.text(max_size=20), caches),
    st.builds(Image, st.sampled_from(["image/png", "image/jpeg"]), st.just(DATA), cache=caches),
    st.builds(Document, st.just("application/pdf"), st.just(DATA), title=st.text(max_size=250)),
    st.builds(Document, text=texts, title=texts),
)
thought: st.SearchStrategy[Block] = st.one_of(
    st.builds(Thinking, texts, st.none() | st.just("c2ln"), issuers),
    st.builds(RedactedThinking, st.just(DATA), issuers),
    st.builds(Text, st.text(max_size=20)),
    st.builds(Refusal, texts),
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any that begins with the user; calls are answered in the turn after."""
    turns = [Turn("user", (Text("Begin."), *draw(st.lists(said, max_size=3))))]
    for number in range(draw(st.integers(0, 3))):
        calls = draw(st.lists(st.builds(_call, texts, json_objects), max_size=2, unique_by=_id_of))
        thoughts = draw(st.lists(thought, max_size=2))
        results = [_result(draw, call) for call in calls]
        turns.append(Turn("assistant", (*thoughts, Text(f"Answer {number}."), *calls)))
        if draw(st.booleans()):
            turns.append(Turn("system", (Text("By the way."),)))
        turns.append(Turn("user", (*results, Text("Go on."), *draw(st.lists(said, max_size=2)))))
    tools = (Tool("look", "", None), Tool("get_weather", "d", WEATHER, strict=True, cache="5m"))
    return Conversation(
        turns=tuple(turns),
        system=tuple(draw(st.lists(st.builds(Text, texts, caches), max_size=2))),
        tools=draw(st.sampled_from([(), tools])),
        tool_choice=draw(st.none() | st.builds(ToolChoice, st.sampled_from(["auto", "required"]))),
        format=draw(st.none() | st.just(Format(WEATHER))),
        reasoning=draw(st.none() | st.builds(Reasoning, effort=st.sampled_from(["low", "high"]))),
        stop=tuple(draw(st.lists(texts, max_size=5))),
        options=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "temperature": st.floats(0, 1),
                    "top_p": st.floats(0, 1),
                    "service_tier": st.sampled_from(["auto", "flex", "priority"]),
                    "user": texts,
                },
            )
        ),
    )


def _call(call_id: str, arguments: dict[str, Any]) -> ToolUse:
    return ToolUse(call_id, "look", json.dumps(arguments))


def _id_of(call: ToolUse) -> str:
    return call.id


def _result(draw: st.DrawFn, call: ToolUse) -> ToolResult:
    blocks = draw(st.lists(st.builds(Text, st.text(max_size=20)), max_size=2))
    return ToolResult(call.id, tuple(blocks), draw(st.booleans()))
