"""Where an answer carries text, whole or in a stream, whatever its protocol.

A protocol is known by its form: `choices` are chat, completions and, within `output`, DashScope;
`type` is an event of Responses or a message; anything else holds nothing that is restored.
Thoughts are left alone: they may be signed, and then they must come back as they were.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

Json = dict[str, Any]
Lane = tuple[Hashable, ...]
"""Which of an answer's texts a piece belongs to: pieces of one lane go on where the last ended."""
Form = Literal["whole", "delta", "growing", "data"]
"""All there is; what is new; or, told by the texts themselves, either of them; or no text, but
an object whose names and values are texts."""
_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_NAME_WHEN_DONE: Final = {
    "output_text": "text",
    "refusal": "refusal",
    "function_call_arguments": "arguments",
    "mcp_call_arguments": "arguments",
    "custom_tool_call_input": "input",
}
"""Events of Responses that carry text, and where the last of their kind has all of it."""
_OPEN: Final = frozenset({None, "null", ""})


@dataclass(frozen=True, slots=True)
class Place:
    """A text in an answer, or data: `fields[name]`."""

    fields: Any
    name: str | int
    lane: Lane
    form: Form = "whole"
    in_json: bool = False
    """Whether the text is itself JSON, as a tool's arguments are."""

    @property
    def text(self) -> str:
        """What is there now."""
        return cast("str", self.fields[self.name])

    @property
    def answers(self) -> bool:
        """Whether it is of the answer itself, in the format that was asked for."""
        return self.name in {"content", "text"} or self.lane[-1:] == ("text",)


def places_in(answer: Json) -> Iterator[Place]:
    """Walk every text of an answer or of an event of it that may hold a placeholder."""
    output = answer.get("output")
    if isinstance(output, dict):
        yield from _dashscope(cast("Json", output))
    elif "choices" in answer:
        for choice in _objects(answer["choices"]):
            yield from _choice(choice)
    elif isinstance(output, list):
        yield from _response(answer)
    else:
        yield from _event(answer)


def closed_by(event: Json) -> Iterator[Lane]:
    """Tell which texts an event ends, by the beginning of their lanes."""
    output = event.get("output")
    whole = cast("Json", output) if isinstance(output, dict) else event
    for choice in _objects(whole.get("choices")):
        if choice.get("finish_reason") not in _OPEN:
            yield (choice.get("index", 0),)
    if whole.get("finish_reason") not in _OPEN:
        yield (0,)
    kind = event.get("type")
    if kind == "content_block_stop":
        yield (event.get("index"),)
    elif isinstance(kind, str) and kind.endswith(".done"):
        yield (event.get("output_index"),)


def _choice(choice: Json) -> Iterator[Place]:
    index = choice.get("index", 0)
    if isinstance(delta := choice.get("delta"), dict):
        yield from _message(cast("Json", delta), (index,), "delta")
    if isinstance(message := choice.get("message"), dict):
        yield from _message(cast("Json", message), (index,), "whole")
    # Completions: an event of a stream looks like an answer, and either may be taken for the other.
    yield from _text(choice, "text", (index, "text"), "delta")


def _dashscope(output: Json) -> Iterator[Place]:
    yield from _text(output, "text", (0, "text"), "growing")
    for choice in _objects(output.get("choices")):
        if isinstance(message := choice.get("message"), dict):
            yield from _message(cast("Json", message), (choice.get("index", 0),), "growing")


def _message(message: Json, lane: Lane, form: Form) -> Iterator[Place]:
    for name in ("content", "refusal", "reasoning_content", "reasoning"):
        yield from _text(message, name, (*lane, name), form)
    for number, part in enumerate(_objects(message.get("content"))):
        yield from _text(part, "text", (*lane, "part", number), form)
    yield from _function(message.get("function_call"), (*lane, "function"), form)
    for number, call in enumerate(_objects(message.get("tool_calls"))):
        called = (*lane, "call", call.get("index", number))
        yield from _function(call.get("function"), called, form)
        yield from _text(call.get("custom"), "input", (*called, "custom"), form)


def _function(function: object, lane: Lane, form: Form) -> Iterator[Place]:
    yield from _text(function, "arguments", lane, form, in_json=True)


def _response(response: Json) -> Iterator[Place]:
    yield from _text(response, "instructions", ())
    for item in _objects(response.get("output")):
        yield from _item(item)


def _item(item: Json) -> Iterator[Place]:
    if item.get("type") == "message":
        for part in _objects(item.get("content")):
            yield from _part(part)
    elif item.get("type") != "reasoning":
        yield from _text(item, "arguments", (), in_json=True)
        yield from _text(item, "input", ())


def _part(part: Json) -> Iterator[Place]:
    if part.get("type") in {"output_text", "refusal"}:
        yield from _text(part, "text", ())
        yield from _text(part, "refusal", ())


def _event(event: Json) -> Iterator[Place]:
    kind = str(event.get("type"))
    if not kind.startswith("response."):
        yield from _of_messages(event, kind)
    elif isinstance(event.get("response"), dict):
        yield from _response(cast("Json", event["response"]))
    else:
        yield from _of_responses(event, kind)


def _of_responses(event: Json, kind: str) -> Iterator[Place]:
    if isinstance(event.get("item"), dict):
        yield from _item(cast("Json", event["item"]))
    if isinstance(event.get("part"), dict):
        yield from _part(cast("Json", event["part"]))
    name = _NAME_WHEN_DONE.get(kind.split(".")[1])
    if name is not None:
        in_json = name == "arguments"
        lane = (event.get("output_index"), event.get("content_index"), name)
        yield from _text(event, "delta", lane, "delta", in_json=in_json)
        yield from _text(event, name, (), in_json=in_json)


def _of_messages(event: Json, kind: str) -> Iterator[Place]:
    lane = (event.get("index"),)
    delta = event.get("delta")
    match kind:
        case "message":
            for block in _objects(event.get("content")):
                yield from _block(block, (), "whole")
            yield from _text(event, "stop_sequence", ())
        case "message_delta":
            yield from _text(delta, "stop_sequence", ())
        case "content_block_start" if isinstance(event.get("content_block"), dict):
            yield from _block(cast("Json", event["content_block"]), lane, "delta")
        case "content_block_delta":
            yield from _text(delta, "text", lane, "delta")
            yield from _text(delta, "partial_json", lane, "delta", in_json=True)
        case _:
            return


def _block(block: Json, lane: Lane, form: Form) -> Iterator[Place]:
    if block.get("type") == "text":
        yield from _text(block, "text", lane, form)
    elif block.get("type") in _CALLS and "input" in block:
        yield Place(block, "input", (), "data")


def _text(
    fields: object, name: str, lane: Lane, form: Form = "whole", *, in_json: bool = False
) -> Iterator[Place]:
    if isinstance(fields, dict) and isinstance(cast("Json", fields).get(name), str):
        yield Place(fields, name, lane, form, in_json)


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, list):
        for item in cast("list[object]", value):
            if isinstance(item, dict):
                yield cast("Json", item)
