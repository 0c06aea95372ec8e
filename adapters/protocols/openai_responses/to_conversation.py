"""A request of Responses in canonical form (wire-facts §2.6)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.protocols.canonical.blocks import Text
from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool,
    ToolChoice,
    Turn,
)
from adapters.protocols.canonical.turns import merge
from adapters.protocols.counters import within
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_responses.items import Items
from adapters.protocols.openai_responses.names import flat
from domain.errors import InvalidRequestError, UnsupportedParameterError

Json = Mapping[str, Any]

NAMES: Final = {
    "format": "text.format",
    "parallel_tools": "parallel_tool_calls",
    "turns": "input",
    "system": "instructions",
    "image": "input",
    "audio": "input",
    "document": "input",
}
"""Responses' names for what the canonical form names otherwise."""

_OPTIONS: Final = (
    "temperature", "top_p", "service_tier", "user", "safety_identifier", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "metadata",
)  # fmt: skip
_WITHOUT_EFFECT: Final[Mapping[str, tuple[Any, ...]]] = {"service_tier": ("auto", "default")}
"""Saying these is saying nothing; and `max_tool_calls`, like most that `include` may ask for,
speaks of a provider's own tools, of which there are none."""


def to_conversation(body: Json) -> Conversation:
    """Read a checked body, or raise InvalidRequestError or UnsupportedParameterError by name."""
    _refuse_what_only_openai_does(body)
    instructions = body.get("instructions")
    leading, turns = _split(_turns(body.get("input") or ""))
    return Conversation(
        turns=merge(turns),
        system=(*((Text(instructions),) if instructions else ()), *leading),
        tools=tuple(tools_of(body)),
        tool_choice=_tool_choice(body.get("tool_choice")),
        parallel_tools=body.get("parallel_tool_calls"),
        format=_format(within(body, "text", "format")),
        reasoning=_reasoning(body.get("reasoning") or {}),
        options=_options(body),
        names=NAMES,
    )


def _refuse_what_only_openai_does(body: Json) -> None:
    for path, asked in {
        "top_logprobs": bool(body.get("top_logprobs")),
        "truncation": body.get("truncation") == "auto",
        "include": "message.output_text.logprobs" in (body.get("include") or ()),
        "reasoning.context": within(body, "reasoning", "context") == "all_turns",
    }.items():
        if asked:
            raise UnsupportedParameterError(path, _NO_PLACE)


def tools_of(body: Json) -> Iterator[Tool]:
    """Read the tools, those in namespaces by their plain names."""
    seen: set[str] = set()
    for path, tool, namespace in _every_tool(body):
        read = _tool(tool, namespace, path)
        if read.name in seen:
            raise InvalidRequestError(f"'{path}.name' is there twice.", f"{path}.name")
        seen.add(read.name)
        yield read


def _every_tool(body: Json) -> Iterator[tuple[str, Json, str | None]]:
    """Walk the tools; those that may be looked up later are told at once, so no search is left."""
    for index, tool in enumerate(body.get("tools") or ()):
        path = f"tools[{index}]"
        if tool["type"] == "namespace":
            for place, inner in enumerate(cast("list[Json]", tool["tools"])):
                yield f"{path}.tools[{place}]", inner, tool["name"]
        elif tool["type"] in {"function", "custom"}:
            yield path, tool, None
        elif tool["type"] != "tool_search":
            raise UnsupportedParameterError(f"{path}.type", _NO_PLACE)


def _tool(tool: Json, namespace: str | None, path: str) -> Tool:
    name, description = flat(tool["name"], namespace), tool.get("description") or ""
    if tool["type"] == "custom":
        refuse_others(tool, _CUSTOM, path)
        return Tool(name, description, custom=True, grammar=_grammar(tool, path))
    refuse_others(tool, _FUNCTION, path)
    return Tool(name, description, tool.get("parameters"), tool.get("strict"))


def _grammar(tool: Json, path: str) -> Json | None:
    match tool.get("format"):
        case None | {"type": "text"}:
            return None
        case {"type": "grammar", "definition": str() as definition, "syntax": str() as syntax}:
            return {"definition": definition, "syntax": syntax}
        case _:
            raise InvalidRequestError(f"Invalid value for '{path}.format'.", f"{path}.format")


def _tool_choice(choice: Any) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case {"type": "function" | "custom", "name": str()}:
            return ToolChoice("required", (_chosen(choice),))
        case {"type": "allowed_tools", "mode": "auto" | "required", "tools": [*tools]}:
            allowed = cast("list[object]", tools)
            return ToolChoice(choice["mode"], tuple(map(_chosen, allowed)))
        case _:
            raise InvalidRequestError("Invalid value for 'tool_choice'.", "tool_choice")


def _chosen(tool: object) -> str:
    name, namespace = within(tool, "name"), within(tool, "namespace")
    if not isinstance(name, str) or not isinstance(namespace, str | None):
        raise UnsupportedParameterError("tool_choice.tools", _NO_PLACE)
    return flat(name, namespace)


def _format(fields: object) -> Format | None:
    match within(fields, "type"):
        case None | "text":
            return None
        case "json_object":
            return Format()
        case _:
            given = cast("Json", fields)
            refuse_others(given, _FORMAT, "text.format")
            if given.get("schema") is None:
                raise InvalidRequestError("'text.format.schema' is missing.", "text.format.schema")
            return Format(
                given["schema"],
                given.get("name") or "output",
                given.get("description") or "",
                given.get("strict"),
            )


def _reasoning(fields: Json) -> Reasoning | None:
    effort = fields.get("effort")
    asked = fields.get("summary") or fields.get("generate_summary")
    if effort is None and asked is None:
        return None
    return Reasoning(enabled=effort != "none", effort=effort)


def _options(body: Json) -> dict[str, Any]:
    verbosity = within(body, "text", "verbosity")
    options = {
        name: body[name]
        for name in _OPTIONS
        if body.get(name) is not None and body[name] not in _WITHOUT_EFFECT.get(name, ())
    }
    return options | ({"verbosity": verbosity} if verbosity else {})


def _turns(given: str | list[dict[str, Any]]) -> list[Turn]:
    if isinstance(given, str):
        return [Turn("user", (Text(given),))] if given else []
    return list(Items(given).turns())


def _split(turns: list[Turn]) -> tuple[tuple[Text, ...], list[Turn]]:
    """Tell what stands before the first word of a user or the model."""
    leading = next((i for i, turn in enumerate(turns) if turn.role != "system"), len(turns))
    texts = [block for turn in turns[:leading] for block in turn.blocks]
    return cast("tuple[Text, ...]", tuple(texts)), turns[leading:]


_FUNCTION: Final = frozenset(
    {"type", "name", "description", "parameters", "strict", "defer_loading", "output_schema",
     "allowed_callers"}
)  # fmt: skip
_FORMAT: Final = frozenset({"type", "name", "description", "schema", "strict"})
_CUSTOM: Final = frozenset(
    {"type", "name", "description", "format", "defer_loading", "allowed_callers"}
)
_NO_PLACE: Final = "cannot be carried to this model's provider"
