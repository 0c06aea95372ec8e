"""JSON schemas as Anthropic wants them: every object says that it has no other fields."""

from typing import Any, cast


def closed(schema: object) -> Any:
    """Close the objects that name their fields and say nothing of others.

    What a closed schema allows, the open one allows too.
    """
    if isinstance(schema, list):
        return [closed(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    fields = {name: _inner(name, part) for name, part in cast("dict[str, Any]", schema).items()}
    names_its_fields = fields.get("type") == "object" and "properties" in fields
    if names_its_fields and "additionalProperties" not in fields:
        fields["additionalProperties"] = False
    return fields


def _inner(name: str, part: object) -> Any:
    """Look into a keyword's value; examples and the like are no schemas."""
    if name in {"enum", "const", "default", "examples", "required"}:
        return part
    if name in {"properties", "$defs", "definitions"} and isinstance(part, dict):
        return {key: closed(inner) for key, inner in cast("dict[str, Any]", part).items()}
    return closed(part)
