"""A DashScope request in canonical form."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from adapters.protocols.canonical.arguments import arguments_text
from adapters.protocols.canonical.blocks import (
    Audio,
    Block,
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
from adapters.protocols.canonical.places import placed
from adapters.protocols.dashscope.fields import (
    GenerationFields,
    Input,
    Message,
    Parameters,
    Part,
    Tool as FunctionTool,
    ToolCall,
    ToolNamed,
)
from adapters.protocols.data_url import is_data, read_data
from adapters.protocols.extras import NO_PLACE, refuse_extras, says_nothing
from domain.errors import InvalidRequestError, UnsupportedParameterError

_OPTIONS: Final = (
    "temperature", "top_p", "top_k", "seed", "repetition_penalty", "presence_penalty",
)  # fmt: skip
NAMES: Final = {
    **dict.fromkeys(("turns", "system", "image", "audio", "document"), "input.messages"),
    "tools": "parameters.tools",
    "tool_choice": "parameters.tool_choice",
    "parallel_tools": "parameters.parallel_tool_calls",
    "format": "parameters.response_format",
    "reasoning": "parameters.enable_thinking",
    "stop": "parameters.stop",
    **{name: f"parameters.{name}" for name in _OPTIONS},
}
_SAID_BY: Final = {
    "system": frozenset({"content", "name"}),
    "user": frozenset({"content", "name"}),
    "assistant": frozenset({"content", "name", "reasoning_content", "tool_calls"}),
    "tool": frozenset({"content", "name", "tool_call_id"}),
}
"""The fields of a message, by its role."""


def to_conversation(fields: GenerationFields) -> Conversation:
    """Give the canonical form, or raise UnsupportedParameterError naming the field."""
    asked = fields.parameters
    _check(asked)
    system, turns = _turns(fields.input)
    given = asked.model_dump(include=set(_OPTIONS), exclude_none=True)
    return Conversation(
        turns=turns,
        system=system,
        tools=tuple(_tool(tool, index) for index, tool in enumerate(asked.tools or ())),
        tool_choice=_choice(asked),
        parallel_tools=asked.parallel_tool_calls,
        format=_format(asked),
        reasoning=_reasoning(asked),
        stop=_stop(asked),
        options={name: given[name] for name in _OPTIONS if name in given},
        names=NAMES,
    )


def _check(asked: Parameters) -> None:
    """Refuse what no other protocol can answer in this one's form."""
    beyond_text = asked.tools or asked.enable_thinking
    for name, wrong in (
        ("n", (asked.n or 1) > 1),
        ("logprobs", asked.logprobs),
        ("top_logprobs", asked.top_logprobs),
        ("result_format", asked.result_format == "text" and beyond_text),
    ):
        if wrong:
            raise UnsupportedParameterError(f"parameters.{name}", NO_PLACE)


def _turns(asked: Input) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """Take the system's words before the first turn apart from the turns."""
    if asked.messages is None:
        return (), _told(asked)
    for index, message in enumerate(asked.messages):
        _check_fields(message, f"input.messages[{index}]")
    leading = next(
        (at for at, message in enumerate(asked.messages) if message.role != "system"),
        len(asked.messages),
    )
    system = [
        text
        for at in range(leading)
        for text in _texts(asked.messages[at], f"input.messages[{at}]")
    ]
    return tuple(system), tuple(_spoken(asked.messages, leading))


def _check_fields(message: Message, path: str) -> None:
    """Refuse what this side never says, and what nobody else has a word for."""
    refuse_extras(message, path)
    for name in sorted(message.model_fields_set - _SAID_BY[message.role] - {"role"}):
        if not says_nothing(getattr(message, name)):
            raise InvalidRequestError(
                f"'{path}.{name}' cannot stand in a message of role '{message.role}'.",
                f"{path}.{name}",
            )


def _spoken(messages: list[Message], start: int) -> Iterator[Turn]:
    """Read the messages of the rest; what tools answered one after the other is one turn."""
    calls = _Calls()
    numbered = enumerate(messages[start:], start)
    for of_tools, run in groupby(numbered, key=lambda item: item[1].role == "tool"):
        if of_tools:
            results = [calls.result(message, f"input.messages[{at}]") for at, message in run]
            yield Turn("user", tuple(results))
            continue
        for at, message in run:
            blocks = _blocks(message, f"input.messages[{at}]", at)
            calls.learn(block for block in blocks if isinstance(block, ToolUse))
            if blocks:
                assert message.role != "tool", "grouped apart"
                yield Turn(message.role, tuple(blocks))


def _told(asked: Input) -> tuple[Turn, ...]:
    """Read the older form: what was said before, and the prompt."""
    turns: list[Turn] = []
    for exchanged in asked.history or []:
        turns.append(Turn("user", (Text(exchanged.user),)))
        if exchanged.bot:
            turns.append(Turn("assistant", (Text(exchanged.bot),)))
    turns.append(Turn("user", (Text(asked.prompt or ""),)))
    return tuple(turns)


def _blocks(message: Message, path: str, index: int) -> list[Block]:
    """Read a message in its order: thoughts, what was said, what was called."""
    assert message.role != "tool", "read as results"
    blocks: list[Block] = []
    if message.reasoning_content:
        blocks.append(Thinking(message.reasoning_content))
    blocks += [placed(block, message.role, f"{path}.content") for block in _content(message, path)]
    blocks += [
        _call(call, f"{path}.tool_calls[{place}]", f"call_{index}_{place}")
        for place, call in enumerate(message.tool_calls or [])
    ]
    return blocks


def _call(call: ToolCall, path: str, unnamed: str) -> ToolUse:
    called = call.function
    refuse_extras(call, path)
    refuse_extras(called, f"{path}.function")
    arguments = arguments_text(called.arguments, f"{path}.function.arguments")
    return ToolUse(call.id or unnamed, called.name, arguments)


def _content(message: Message, path: str) -> list[Text | Image | Audio]:
    if isinstance(message.content, str):
        return [Text(message.content)] if message.content else []
    blocks = [
        _block(part, f"{path}.content[{place}]") for place, part in enumerate(message.content or [])
    ]
    return [block for block in blocks if not isinstance(block, Text) or block.text]


def _block(part: Part, path: str) -> Text | Image | Audio:
    """Read a part; hints about pixels only their own vendor understands."""
    for name in ("video", "min_pixels", "max_pixels", "fps", "total_pixels"):
        if getattr(part, name) is not None:
            raise UnsupportedParameterError(f"{path}.{name}", NO_PLACE)
    cache = (part.cache_control.ttl or "5m") if part.cache_control else None
    if part.image is not None:
        return _image(part.image, f"{path}.image", cache)
    if part.audio is not None:
        return _audio(part.audio, f"{path}.audio")
    return Text(part.text or "", cache)


def _image(address: str, path: str, cache: str | None) -> Image:
    if is_data(address):
        found = read_data(address)
        if found is None:
            raise UnsupportedParameterError(path, "must be base64 of a named media type")
        return Image(found.media_type, found.data, cache=cache)
    return Image(url=address, cache=cache)


def _audio(address: str, path: str) -> Audio:
    found = read_data(address)
    if found is None:
        raise UnsupportedParameterError(path, NO_PLACE)
    return Audio(found.media_type.rpartition("/")[2], found.data)


def _texts(message: Message, path: str) -> list[Text]:
    """Read what can only be text."""
    texts: list[Text] = []
    for place, block in enumerate(_content(message, path)):
        if not isinstance(block, Text):
            raise UnsupportedParameterError(f"{path}.content[{place}]", NO_PLACE)
        texts.append(block)
    return texts


class _Calls:
    """The calls that the model made last, which results may name by their tool alone."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._by_name: dict[str, list[str]] = {}

    def learn(self, calls: Iterable[ToolUse]) -> None:
        """Follow the conversation; a message without calls changes nothing."""
        by_name: dict[str, list[str]] = defaultdict(list)
        for call in calls:
            by_name[call.name].append(call.id)
        if by_name:
            self._by_name = by_name
            self._ids = [found for ids in by_name.values() for found in ids]

    def result(self, message: Message, path: str) -> ToolResult:
        """Read a tool's answer; the call may be told by its id, or by its name only."""
        found = message.tool_call_id
        if found is None:
            name = message.name
            named = self._ids if name is None else self._by_name.get(name, [])
            if len(named) != 1:
                where = f"{path}.tool_call_id"
                raise InvalidRequestError(f"'{where}' is missing.", where)
            found = named[0]
        return ToolResult(found, tuple(_texts(message, path)))


def _tool(tool: FunctionTool, index: int) -> Tool:
    path, told = f"parameters.tools[{index}]", tool.function
    refuse_extras(tool, path)
    refuse_extras(told, f"{path}.function")
    return Tool(told.name, told.description or "", told.parameters, told.strict)


def _choice(asked: Parameters) -> ToolChoice | None:
    chosen = asked.tool_choice
    if chosen is None:
        return None
    if isinstance(chosen, ToolNamed):
        refuse_extras(chosen.function, "parameters.tool_choice.function")
        return ToolChoice("required", (chosen.function.name,))
    return ToolChoice(chosen)


def _format(asked: Parameters) -> Format | None:
    told = asked.response_format
    if told is None or told.type == "text":
        return None
    if told.type == "json_object":
        return Format()
    path, schema = "parameters.response_format.json_schema", told.json_schema
    if schema is None or schema.schema_ is None:
        raise InvalidRequestError(f"'{path}.schema' is missing.", f"{path}.schema")
    refuse_extras(schema, path)
    return Format(schema.schema_, schema.name, schema.description or "", schema.strict)


def _reasoning(asked: Parameters) -> Reasoning | None:
    if asked.enable_thinking is None and asked.thinking_budget is None:
        return None
    return Reasoning(enabled=asked.enable_thinking is not False, budget=asked.thinking_budget)


def _stop(asked: Parameters) -> tuple[str, ...]:
    stop = asked.stop
    if stop is None:
        return ()
    words = [stop] if isinstance(stop, str) else stop
    texts = [word for word in words if isinstance(word, str)]
    if len(texts) < len(words):
        raise UnsupportedParameterError("parameters.stop", NO_PLACE)
    return tuple(texts)
