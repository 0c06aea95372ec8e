"""A conversation as DashScope takes it (wire-facts §2.5)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from adapters.protocols.canonical.blocks import (
    Audio,
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
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.dashscope.answer import write_call
from adapters.protocols.dashscope.models import (
    Limits,
    Thinking as Habit,
    budget_of,
    must_stream,
    split_cap,
    takes_parts,
    thinking_of,
)
from adapters.protocols.data_url import write_data
from adapters.protocols.openai_chat.functions import write_format, write_tool

Json = dict[str, Any]
_CARRIED: Final = frozenset(
    {"temperature", "top_p", "top_k", "seed", "repetition_penalty", "presence_penalty"}
)
_TEMPERATURE_MAX: Final = 1.99
"""Two itself is just beyond what it takes."""
_MEDIA: Final = ("image", "audio")


def from_conversation(
    conversation: Conversation, model: str, *, output_cap: int, stream: bool
) -> Json:
    """Write a request's fields, or raise UnsupportedParameterError by the caller's name.

    The answer streams, whether the caller wants that or not, where it must.
    """
    parts = takes_parts(model) or any(map(_has_media, conversation.turns))
    limits = _limits(conversation, model, output_cap)
    parameters: Json = {
        "result_format": "message",
        **limits.told,
        **_options(conversation),
        **_tools(conversation),
    }
    if stream or must_stream(model, limits.enable_thinking):
        parameters["incremental_output"] = True
    if conversation.stop:
        parameters["stop"] = list(conversation.stop)
    if conversation.format:
        parameters["response_format"] = write_format(conversation.format)
    return {
        "model": model,
        "input": {"messages": _messages(conversation, parts=parts)},
        "parameters": parameters,
    }


def has_media(fields: Json) -> bool:
    """Tell whether a written request holds more than text."""
    contents: list[Any] = [message["content"] for message in fields["input"]["messages"]]
    lists: list[list[Json]] = [content for content in contents if isinstance(content, list)]
    return any(kind in part for parts in lists for part in parts for kind in _MEDIA)


def _has_media(turn: Turn) -> bool:
    return any(isinstance(block, Image | Audio) for block in turn.blocks)


def _limits(conversation: Conversation, model: str, output_cap: int) -> Limits:
    """Divide the cap between thoughts and words, for it is held for both."""
    asked, habit = conversation.reasoning, thinking_of(model)
    if asked is None:
        return split_cap(habit, output_cap, asked=False, wanted=None)
    if not asked.enabled or asked.effort == "none":
        if habit is Habit.ALWAYS:
            conversation.refuse("reasoning", "cannot be turned off for this model")
        return Limits(output_cap, None if habit is Habit.NEVER else False)
    if habit is Habit.NEVER:
        conversation.refuse("reasoning", "is beyond this model")
    wanted = asked.budget or (budget_of(asked.effort) if asked.effort else None)
    return split_cap(habit, output_cap, asked=True, wanted=wanted)


def _options(conversation: Conversation) -> Json:
    """Give what it knows by the same name; what changes nothing is left out."""
    given = conversation.options
    neutral = {name for name, value in given.items() if not value}
    conversation.check_options(_CARRIED | neutral)
    options = {name: given[name] for name in sorted(_CARRIED & given.keys())}
    if options.get("temperature") is not None:
        options["temperature"] = min(options["temperature"], _TEMPERATURE_MAX)
    if options.get("top_p") == 0:
        conversation.refuse("top_p", "must be above 0 for this model")
    return options


def _tools(conversation: Conversation) -> Json:
    """Write the tools and what the model must do with them; it can be made to call one only."""
    choice, tools = conversation.tool_choice, conversation.tools
    if not tools:
        return {}
    written: Json = {}
    if choice and choice.names and choice.mode == "auto":
        tools = conversation.tools_named(choice.names)
    if choice and choice.mode == "required":
        names = choice.names or [tool.name for tool in tools]
        if len(names) != 1:
            conversation.refuse("tool_choice", "can name one tool only for this model")
        written["tool_choice"] = {"type": "function", "function": {"name": names[0]}}
    elif choice:
        written["tool_choice"] = choice.mode
    if conversation.parallel_tools is not None:
        written["parallel_tool_calls"] = conversation.parallel_tools
    return {"tools": list(map(write_tool, tools)), **written}


def _messages(conversation: Conversation, *, parts: bool) -> list[Json]:
    writer = _Writer(conversation, parts=parts)
    messages: list[Json] = []
    if conversation.system:
        system = writer.content(conversation.system)
        messages.append({"role": "system", "content": system})
    for turn in conversation.turns:
        messages += writer.assistant(turn) if turn.role == "assistant" else writer.other(turn)
    return messages


class _Writer:
    """Writes turns; it knows which tool was called by which id."""

    def __init__(self, conversation: Conversation, *, parts: bool) -> None:
        self._conversation = conversation
        self._parts = parts
        self._called: dict[str, str] = {}

    def assistant(self, turn: Turn) -> list[Json]:
        """Write what the model did as one message, for that is how its parts are told apart."""
        calls = [block for block in turn.blocks if isinstance(block, ToolUse)]
        thoughts = [block.text for block in turn.blocks if isinstance(block, Thinking)]
        rest = [
            block
            for block in turn.blocks
            if not isinstance(block, ToolUse | Thinking | RedactedThinking)
        ]
        if not (calls or thoughts or rest):
            return []
        message: Json = {"role": "assistant", "content": self.content(rest)}
        if thoughts:
            message["reasoning_content"] = "".join(thoughts)
        if calls:
            self._called |= {call.id: call.name for call in calls}
            message["tool_calls"] = [
                write_call(index, call.id, call.name, call.arguments)
                for index, call in enumerate(calls)
            ]
        return [message]

    def other(self, turn: Turn) -> list[Json]:
        """Write what was told to the model: each tool's result is a message of its own."""
        messages: list[Json] = []
        said: list[Block] = []
        for block in turn.blocks:
            if isinstance(block, ToolResult):
                messages += [*self._message(turn.role, said), self._result(block)]
                said = []
            else:
                said.append(block)
        return [*messages, *self._message(turn.role, said)]

    def content(self, blocks: Sequence[Block]) -> str | list[Json]:
        """Write plain text as such where it can be."""
        written = [self._part(block) for block in blocks]
        plain = all(part.keys() == {"text"} for part in written)
        if self._parts or len(written) > 1 or not plain:
            return written or [{"text": ""}]
        return written[0]["text"] if written else ""

    def _message(self, role: str, blocks: Sequence[Block]) -> list[Json]:
        return [{"role": role, "content": self.content(blocks)}] if blocks else []

    def _result(self, result: ToolResult) -> Json:
        texts = [self._text(block) for block in result.blocks]
        message: Json = {"role": "tool", "tool_call_id": result.tool_use_id}
        if name := self._called.get(result.tool_use_id):
            message["name"] = name
        blocks = [*([Text("Error: ")] if result.is_error else []), *texts]
        return {**message, "content": self.content(_joined(blocks))}

    def _text(self, block: Block) -> Text:
        if isinstance(block, Text):
            return block
        if isinstance(block, Refusal):
            return Text(block.text)
        if isinstance(block, Document) and block.text:
            return Text(block.told, block.cache)
        kind = type(block).__name__.lower()
        name = kind if isinstance(block, Image | Audio | Document) else "turns"
        self._conversation.refuse(name, f"has a part ({kind}) that this model cannot be told")
        raise AssertionError

    def _part(self, block: Block) -> Json:
        if isinstance(block, Image):
            address = block.url or write_data(block.media_type, block.data)
            return _cached({"image": address}, block.cache)
        if isinstance(block, Audio):
            return {"audio": write_data(f"audio/{block.format}", block.data)}
        text = self._text(block)
        return _cached({"text": text.text}, text.cache)


def _joined(texts: Iterable[Text]) -> list[Text]:
    """Join texts up to each end of a prefix worth caching."""
    joined: list[Text] = []
    waiting: list[str] = []
    for text in texts:
        waiting.append(text.text)
        if text.cache is not None:
            joined.append(Text("".join(waiting), text.cache))
            waiting.clear()
    return [*joined, Text("".join(waiting))] if waiting else joined


def _cached(part: Json, cache: str | None) -> Json:
    if cache is None:
        return part
    ttl = {} if cache == "5m" else {"ttl": cache}
    return {**part, "cache_control": {"type": "ephemeral", **ttl}}
