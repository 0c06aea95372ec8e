"""Conversations and answers in canonical form, for showing that a codec loses and invents nothing.

Every text carries a number of its own, so that where it went can be told.
"""

import base64
from itertools import count
from typing import Any

import orjson
from hypothesis import strategies as st

from adapters.protocols.canonical.answer import Answer, AnswerBlock
from adapters.protocols.canonical.blocks import (
    Block,
    Document,
    Image,
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
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Stopped
from domain.metering import Report
from domain.usage import exclusive

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\2\0\0\0Km)\xdc"
).decode()
PDF = base64.b64encode(b"%PDF-1.4 /Type /Page").decode()
NAMES = ("get_weather", "add", "look_up")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


class Numbered:
    """Draws what a conversation is made of."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._numbers = count()

    def number(self) -> int:
        """Give the next number."""
        return next(self._numbers)

    def text(self) -> str:
        """Draw a text that is like no other."""
        return f"<{self.number()}>{self._draw(words)}."

    def arguments(self) -> str:
        """Draw a tool's arguments, as compact as every serialiser of ours writes them."""
        fields = {"city": self.text(), "days": self._draw(st.integers(0, 2**53))}
        return orjson.dumps(fields).decode()

    def tool_use(self) -> ToolUse:
        """Draw a call of a function."""
        name = self._draw(st.sampled_from(NAMES))
        return ToolUse(f"call_{self.number()}", name, self.arguments())

    def medium(self) -> Image | Document:
        """Draw what is no text."""
        return self._draw(
            st.sampled_from(
                [
                    Image("image/png", PNG),
                    Image("image/png", PNG, detail="low"),
                    Image(url=f"https://pictures.example/{self.number()}.png"),
                    Document("application/pdf", PDF, title=f"file-{self.number()}.pdf"),
                ]
            )
        )


@st.composite
def conversations(draw: st.DrawFn, *, media: bool = True, max_rounds: int = 3) -> Conversation:
    """Draw a conversation as agents have them: questions, calls of tools, results, answers."""
    numbered = Numbered(draw)
    turns = [_question(draw, numbered, media=media)]
    for _ in range(draw(st.integers(0, max_rounds))):
        turns += _round(draw, numbered, media=media)
    tools = tuple(_tool(draw, name) for name in NAMES[: draw(st.integers(0, 3))])
    if any(isinstance(block, ToolUse) for turn in turns for block in turn.blocks):
        tools = tuple(_tool(draw, name) for name in NAMES)
    return Conversation(
        turns=tuple(turns),
        system=tuple(Text(numbered.text()) for _ in range(draw(st.integers(0, 2)))),
        tools=tools,
        tool_choice=draw(st.none() | _choices(tools)) if tools else None,
        parallel_tools=draw(st.sampled_from([None, False])) if tools else None,
        format=draw(st.sampled_from([None, None, Format(SCHEMA, "output", strict=True)])),
        reasoning=draw(st.sampled_from([None, None, Reasoning(effort="low")])),
        stop=tuple(numbered.text() for _ in range(draw(st.integers(0, 2)))),
        options=draw(st.fixed_dictionaries({}, optional=_OPTIONS)),
    )


@st.composite
def answers(draw: st.DrawFn, *, thoughts: bool = True) -> Answer:
    """Draw an answer: thoughts, a text, calls of tools, and a usage."""
    numbered = Numbered(draw)
    blocks: list[AnswerBlock] = []
    if thoughts and draw(st.booleans()):
        blocks.append(Thinking(numbered.text()))
    if draw(st.booleans()):
        blocks.append(Text(numbered.text()))
    blocks += [numbered.tool_use() for _ in range(draw(st.integers(0, 3)))]
    if not any(isinstance(block, Text | ToolUse) for block in blocks):
        blocks.append(Text(numbered.text()))
    called = any(isinstance(block, ToolUse) for block in blocks)
    usage = exclusive(
        input=draw(st.integers(1, 10_000)),
        cached_input=draw(st.integers(0, 10_000)),
        output=draw(st.integers(1, 10_000)),
    )
    stop = "tool" if called else draw(st.sampled_from(["stop", "length"]))
    return Answer(tuple(blocks), stop, report=Report(usage))  # type: ignore[arg-type]


def events_of(answer: Answer, size: int = 3) -> list[Event]:
    """Give an answer as a stream does, so many characters at a time."""
    events: list[Event] = []
    for index, block in enumerate(answer.blocks):
        text = block.arguments if isinstance(block, ToolUse) else _text(block)
        events.append(Began(index, _empty(block)))
        events += [Grew(index, text[at : at + size]) for at in range(0, len(text), size)]
        events.append(Ended(index))
    return [*events, Stopped(answer.stop, answer.stop_sequence, answer.explanation)]


def _text(block: AnswerBlock) -> str:
    assert isinstance(block, Text | Thinking), "what answers() draws"
    return block.text


def _empty(block: AnswerBlock) -> AnswerBlock:
    if isinstance(block, ToolUse):
        return ToolUse(block.id, block.name, "", custom=block.custom)
    return type(block)("")


def _question(draw: st.DrawFn, numbered: Numbered, *, media: bool) -> Turn:
    blocks: list[Block] = [Text(numbered.text()) for _ in range(draw(st.integers(1, 2)))]
    if media and draw(st.booleans()):
        blocks.insert(draw(st.integers(0, len(blocks))), numbered.medium())
    return Turn("user", tuple(blocks))


def _round(draw: st.DrawFn, numbered: Numbered, *, media: bool) -> list[Turn]:
    """Draw an answer, with the results of all its calls, or the next question after it."""
    said: list[Block] = [Text(numbered.text())] if draw(st.booleans()) else []
    calls = [numbered.tool_use() for _ in range(draw(st.integers(0, 3)))]
    if not (said or calls):
        said = [Text(numbered.text())]
    question = _question(draw, numbered, media=media)
    if not calls:
        return [Turn("assistant", tuple(said)), question]
    results = [ToolResult(call.id, (Text(numbered.text()),)) for call in calls]
    more = question.blocks if draw(st.booleans()) else ()
    return [Turn("assistant", (*said, *calls)), Turn("user", (*results, *more))]


def _tool(draw: st.DrawFn, name: str) -> Tool:
    return Tool(name, f"About {name}.", SCHEMA, draw(st.sampled_from([None, True])))


def _choices(tools: tuple[Tool, ...]) -> st.SearchStrategy[ToolChoice]:
    named = [ToolChoice("required", (tool.name,)) for tool in tools]
    return st.sampled_from([ToolChoice("auto"), ToolChoice("none"), ToolChoice("required"), *named])


_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from([0.0, 0.5, 1.0]),
    "top_p": st.sampled_from([0.25, 0.5]),
    "seed": st.integers(0, 2**31),
    "user": st.just("someone"),
}
