"""Where a request carries text, whatever its protocol: what people, models and tools have said.

    walked        messages, system, input, prompt, instructions, suffix, prediction, stop
    who calls     user, safety_identifier, prompt_cache_key, user_id, metadata, client_metadata
    templates     chat_template_kwargs, which a template may write into the prompt
    tools         their descriptions and offered values (schema_text)
    left alone    names of tools, ids, types, addresses, media, signatures, signed thoughts, tags

The arguments of a tool are JSON in a string, or an object: there every name and value is data.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, cast

import orjson

from adapters.masking.schema_text import change_schemas
from adapters.masking.thoughts import Change, Visit, thoughts_in
from domain.tags import is_tag

ROOTS: Final = (
    "system", "instructions", "messages", "input", "prompt", "suffix", "prediction",
    "stop", "stop_sequences",
)  # fmt: skip
_DATA: Final = (
    "user", "safety_identifier", "prompt_cache_key", "client_metadata", "chat_template_kwargs",
)  # fmt: skip
_BARE: Final = "user_id"
"""A caller's name in which no placeholder may stand: it is left out instead."""
_STRUCTURE: Final = frozenset(
    {
        "role", "type", "id", "name", "namespace", "status", "phase", "model", "detail", "format",
        "tool_call_id", "call_id", "tool_use_id", "item_id", "approval_request_id", "server_label",
        "file_id", "container_id", "prompt_id", "version", "media_type", "mime_type", "index",
        "url", "image_url", "file_url", "video_url", "audio_url", "file_data", "image", "audio",
        "video", "input_audio", "signature", "encrypted_content", "encrypted_index",
        "extra_content", "cache_control",
    }
)  # fmt: skip
_PEOPLE: Final = frozenset({"user", "system", "developer", "assistant"})
"""Roles whose name is a person's, and not a tool's."""
_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_DIGITS_MIN: Final = 10
"""A number of a tool's arguments with fewer digits is nobody's."""

Json = dict[str, Any]


def change_texts(body: Json, visit: Visit, tag_names: Collection[str] = ()) -> None:
    """Give each text to its part of `visit` and put the answer in the text's place.

    Codes that metadata has under `tag_names` are what the call is booked under: they are fixed.
    """
    walk = _Walk(dict(thoughts_in(body, visit)))
    for name in ROOTS:
        if name in body:
            body[name] = walk.changed(body[name], visit.text)
    _change_callers(body, visit, tag_names)
    change_schemas(body, visit.text)
    if isinstance(parameters := body.get("parameters"), dict):
        change_schemas(fields := cast("Json", parameters), visit.text)
        if "stop" in fields:
            fields["stop"] = walk.changed(fields["stop"], visit.text)


def _change_callers(body: Json, visit: Visit, tag_names: Collection[str]) -> None:
    for name in _DATA:
        if name in body:
            body[name] = _changed_data(body[name], visit.text)
    if "metadata" in body:
        body["metadata"] = _changed_metadata(body["metadata"], visit, tag_names)
    if _BARE in body and _changed_data(body[_BARE], visit.text) != body[_BARE]:
        del body[_BARE]


def _changed_metadata(given: object, visit: Visit, tag_names: Collection[str]) -> object:
    if not isinstance(given, dict):
        return _changed_data(given, visit.text)
    changed: Json = {}
    for name, value in cast("Json", given).items():
        if name in tag_names and isinstance(value, str) and is_tag(value):
            changed[name] = visit.fixed(value)
        else:
            changed[visit.text(name)] = _changed_data(value, visit.text)
    return changed


def tokens_in(body: Json) -> str | None:
    """Name the field whose prompt is given as tokens, which nobody can read here."""
    for name in ("prompt", "input"):
        given = body.get(name)
        if isinstance(given, list) and any(map(_is_token, cast("list[object]", given))):
            return name
    return None


def _is_token(item: object) -> bool:
    inner = cast("list[object]", item)[:1] if isinstance(item, list) else [item]
    return any(isinstance(one, int) for one in inner)


class _Walk:
    """A walk through what was said; thoughts have ways of their own, by their objects' ids."""

    def __init__(self, thoughts: Mapping[int, Change]) -> None:
        self._thoughts = thoughts

    def changed(self, node: object, change: Change) -> object:
        """Change a text, or all that are in a list or an object."""
        if isinstance(node, str):
            return change(node)
        if isinstance(node, list):
            items = cast("list[object]", node)
            items[:] = [self.changed(item, change) for item in items]
        elif isinstance(node, dict):
            fields = cast("Json", node)
            self._change_object(fields, self._thoughts.get(id(fields), change))
        return node  # pyright: ignore[reportUnknownVariableType]  # JSON, narrowed

    def _change_object(self, node: Json, change: Change) -> None:
        kind = node.get("type")
        for name in _texts_of(node, kind):
            value = node[name]
            if name == "arguments" and isinstance(value, str):
                node[name] = _changed_arguments(value, change)
            elif name == "variables" or (kind in _CALLS and name == "input"):
                node[name] = _changed_data(value, change)
            else:
                node[name] = self.changed(value, change)


def _texts_of(node: Json, kind: object) -> Iterable[str]:
    """Name an object's fields that may carry text."""
    for name, value in [*node.items()]:
        if name == "data":
            if kind == "text":  # a document in plain text; elsewhere it is a file's bytes
                yield name
        elif name == "source":
            if isinstance(value, dict):
                yield name
        elif name not in _STRUCTURE or (name == "name" and node.get("role") in _PEOPLE):
            yield name


def _changed_arguments(text: str, change: Change) -> str:
    """Change names and values in JSON; what is no JSON, or too deep, is a text like any other."""
    try:
        parsed: object = orjson.loads(text)
        before = orjson.dumps(parsed)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return change(text)
    after = orjson.dumps(_changed_data(parsed, change))
    return text if after == before else after.decode()


def _changed_data(node: object, change: Change) -> object:
    """Change every name and value; a long number that is changed becomes a text."""
    if isinstance(node, str):
        return change(node)
    if isinstance(node, int) and len(digits := str(node)) >= _DIGITS_MIN:
        changed = change(digits)
        return node if changed == digits else changed
    if isinstance(node, list):
        return [_changed_data(item, change) for item in cast("list[object]", node)]
    if isinstance(node, dict):
        fields = cast("Json", node)
        return {change(name): _changed_data(value, change) for name, value in fields.items()}
    return node
