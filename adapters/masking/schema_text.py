"""Where tools and formats carry text: what they tell of themselves, and values they offer.

Names, patterns and settings are left alone, for they must be what the caller's programs know.
"""

from collections.abc import Callable
from typing import Any, Final, cast

ROOTS: Final = ("tools", "functions", "response_format", "text", "output_format", "output_config")
_PROSE: Final = frozenset(
    {
        "description", "server_description", "title", "$comment",
        "default", "const", "enum", "example", "examples", "input_examples",
    }
)  # fmt: skip
_NAMED: Final = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)
"""Fields whose own fields are schemas, whatever their names."""

Change = Callable[[str], str]


def change_schemas(body: dict[str, Any], change: Change) -> None:
    """Give each text of a request's tools and formats to `change`."""
    for name in ROOTS:
        _change(body.get(name), change)


def _change(node: object, change: Change) -> None:
    if isinstance(node, list):
        for item in cast("list[object]", node):
            _change(item, change)
    elif isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        for name, value in fields.items():
            if name in _NAMED and isinstance(value, dict):
                _change([*cast("dict[str, Any]", value).values()], change)
            elif name in _PROSE:
                fields[name] = _changed(value, change)
            else:
                _change(value, change)


def _changed(value: object, change: Change) -> object:
    """Change the texts of a value; its numbers stay, for a schema may ask for numbers."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(item, change) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: _changed(inner, change) for name, inner in fields.items()}
    return value
