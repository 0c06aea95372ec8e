"""Values for a JSON Schema, made up; whatever makes no sense in a schema is as if it were empty."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import orjson

from adapters.protocols.counters import within

DEEPEST: Final = 16
ROOM: Final = 16_384
"""How much is made up in all: a schema of a few words can ask for more than fits in the world."""
_PLAIN: Final[Mapping[str, Any]] = {
    "string": "sandbox",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}


def value_of(schema: object) -> Any:
    """Make up a value that a schema allows, as far as that can be told from its shape."""
    return _Making(schema).value(schema, 0)


class _Making:
    """One value in the making."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._room = ROOM

    def value(self, schema: object, depth: int) -> Any:
        self._room -= 1
        if not isinstance(schema, dict) or depth > DEEPEST or self._room < 0:
            return None
        fields = cast("dict[str, Any]", schema)
        for name in ("const", "default"):
            if name in fields:
                return self._given(fields[name])
        if listed := _list(fields, "enum") or _list(fields, "examples"):
            return self._given(listed[0])
        if choices := _list(fields, "anyOf") or _list(fields, "oneOf") or _list(fields, "allOf"):
            return self.value(choices[0], depth + 1)
        if isinstance(fields.get("$ref"), str):
            return self.value(self._referred(fields["$ref"]), depth + 1)
        return self._typed(fields, depth)

    def _given(self, value: object) -> object:
        """Take a value from the schema itself, which may be of any size."""
        self._room -= len(orjson.dumps(value))
        return value if self._room >= 0 else None

    def _typed(self, fields: Mapping[str, Any], depth: int) -> Any:
        kind = _kind(fields)
        if kind == "object":
            return self._object(fields, depth)
        if kind == "array":
            least = fields.get("minItems")
            count = min(least, DEEPEST) if isinstance(least, int) and least > 0 else 1
            return [self.value(fields.get("items"), depth + 1) for _ in range(count)]
        if kind in {"integer", "number"}:
            bounds = (fields.get("minimum"), fields.get("maximum"))
            return next((bound for bound in bounds if isinstance(bound, int | float)), 1)
        return _PLAIN.get(kind)

    def _object(self, fields: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: object = fields.get("properties")
        if not isinstance(properties, dict):
            return {}
        named = cast("dict[str, object]", properties)
        made: dict[str, Any] = {}
        for name, inner in named.items():
            if self._room < 0:
                break
            self._room -= len(name)
            made[name] = self.value(inner, depth + 1)
        return made

    def _referred(self, reference: str) -> object:
        return within(self._root, *reference.removeprefix("#").split("/")[1:])


def _kind(fields: Mapping[str, Any]) -> str:
    kind = fields.get("type") or ("object" if "properties" in fields else "string")
    if isinstance(kind, list):
        kind = cast("list[object]", kind)[0]
    return kind if isinstance(kind, str) else "object"


def _list(fields: Mapping[str, Any], name: str) -> Sequence[object]:
    given: object = fields.get(name)
    return cast("list[object]", given) if isinstance(given, list) else ()
