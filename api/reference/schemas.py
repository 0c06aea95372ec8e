"""JSON Schemas of what is answered and taken, each kind once and by its own name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.document.answer import Envelope, Refusal

WHERE: Final = "#/components/schemas/"
_GENERIC: Final = re.compile(r"\b(Envelope|Page|Items)_(\w+?)_(?=[\"_])")

Schema = dict[str, Any]


class Schemas:
    """Components, and where each model is among them."""

    def __init__(
        self, bodies: Iterable[type[BaseModel]], answers: Iterable[type[BaseModel]]
    ) -> None:
        self._enveloped = {answer: _enveloped(answer) for answer in answers}
        kinds: dict[type[BaseModel], None] = dict.fromkeys(
            [Refusal, *bodies, *self._enveloped.values()]
        )
        references, found = models_json_schema(
            [(kind, "validation") for kind in kinds], ref_template=WHERE + "{model}"
        )
        self.components: dict[str, Schema] = _renamed(found["$defs"])
        self._references: dict[object, Schema] = {
            kind: _renamed(reference) for (kind, _), reference in references.items()
        }

    def of_body(self, kind: type[BaseModel]) -> Schema:
        """Point at what a body may be."""
        return self._references[kind]

    def of_answer(self, kind: type[BaseModel]) -> Schema:
        """Point at an answer in its envelope."""
        return self._references[self._enveloped[kind]]

    def follow(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give what a schema points at."""
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(WHERE)]
        return schema


def _enveloped(answer: type[BaseModel]) -> type[BaseModel]:
    return cast("type[BaseModel]", Envelope.__class_getitem__(answer))


def _renamed(schema: Any) -> Any:
    """Name an envelope of balances `BalanceEnvelope`, as one would by hand."""
    text, found = orjson.dumps(schema).decode(), 1
    while found:
        text, found = _GENERIC.subn(r"\2\1", text)
    return orjson.loads(text)
