"""The OpenAPI documents: the customer's, and the operator's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from starlette.routing import BaseRoute

from api.inference.surfaces import SURFACES
from api.reference import call_headers, inference, refusals
from api.reference.bodies import EXAMPLES
from api.reference.examples import example_of
from api.reference.inference import ENDPOINTS, Inference
from api.reference.links import links_of
from api.reference.naming import operation_id, tag
from api.reference.operations import Operation, operations
from api.reference.parts import (
    HEADERS,
    PARAMETERS,
    TAGS,
    Words,
    path_parameter,
    the_same,
)
from api.reference.schemas import Schemas
from api.reference.webhooks import WEBHOOKS

CUSTOMERS: Final = ("/openapi/", "/v1/", "/openai/", "/api/")
OPERATORS: Final = ("/admin/",)
OPENAPI: Final = "3.1.0"


@dataclass(frozen=True, slots=True)
class Reference:
    """A document being put together."""

    operations: Sequence[Operation]
    schemas: Schemas
    guard: str
    """The security scheme of what is not public."""

    def paths(self) -> dict[str, dict[str, Any]]:
        """Describe every operation at its path."""
        found: dict[str, dict[str, Any]] = {}
        for operation in self.operations:
            described = self._describe(operation)
            found.setdefault(operation.path, {})[operation.method.lower()] = described
        return found

    def _describe(self, operation: Operation) -> dict[str, Any]:
        endpoint = ENDPOINTS.get(operation.key)
        if endpoint is not None:
            return _inference(operation, endpoint)
        told = operation.told
        summary, _, rest = operation.text.partition("\n\n")
        described: dict[str, Any] = {
            "operationId": self.name(operation),
            "tags": [tag(operation.path)],
            "summary": " ".join(summary.split()),
            "description": " ".join((rest or summary).split()),
            "parameters": self._parameters(operation),
            "responses": self._responses(operation),
            "security": [] if told.public else [{self.guard: []}],
        }
        if operation.body is not None:
            described["requestBody"] = self._body(operation, operation.body)
        return described

    def name(self, operation: Operation) -> str:
        """Name an operation."""
        return operation_id(operation, lists=self._lists(operation))

    def _lists(self, operation: Operation) -> bool:
        answer = operation.told.answers.get(200)
        return answer is not None and "items" in answer.model_fields

    def _parameters(self, operation: Operation) -> list[dict[str, Any]]:
        shared = ["X-Request-ID", *(["Idempotency-Key"] if operation.told.idempotent else [])]
        return [
            *map(path_parameter, operation.names),
            *map(dict, operation.told.parameters),
            *({"$ref": f"#/components/parameters/{name}"} for name in shared),
        ]

    def _body(self, operation: Operation, kind: type[BaseModel]) -> dict[str, Any]:
        schema = self.schemas.of_body(kind)
        example = EXAMPLES.get(operation.key) or example_of(schema, self.schemas.follow)
        return {
            "required": not operation.body_optional,
            "content": {"application/json": _content(schema, example)},
        }

    def _responses(self, operation: Operation) -> dict[str, Any]:
        told = operation.told
        found: dict[str, Any] = {}
        for status, answer in told.answers.items():
            schema = self.schemas.of_answer(answer)
            example = example_of(schema, self.schemas.follow)
            found[str(status)] = the_same({"application/json": _content(schema, example)})
        if told.files:
            files = {name: {"schema": {"type": _kind_of(name)}} for name in told.files}
            said = found.setdefault("200", the_same({}, next(iter(told.files.values()))))
            said["content"] = _merged(said["content"], files)
        for status in refusals.statuses(operation):
            found[str(status)] = {"$ref": f"#/components/responses/{refusals.name_of(status)}"}
        return found


def build(routes: Sequence[BaseRoute], prefixes: tuple[str, ...], words: Words) -> dict[str, Any]:
    """Write the document of the routes under these prefixes."""
    found = [*operations(routes), *_surfaces()]
    listed = [operation for operation in found if operation.path.startswith(prefixes)]
    schemas = Schemas(_bodies(listed), _answers(listed))
    reference = Reference(listed, schemas, words.guard)
    paths = reference.paths()
    links_of(paths, schemas)
    used = {name for methods in paths.values() for one in methods.values() for name in one["tags"]}
    return {
        "openapi": OPENAPI,
        "info": {"version": version("tollbook"), **words.info},
        "servers": [{"url": words.server}],
        "tags": [{"name": name, "description": TAGS[name]} for name in TAGS if name in used],
        "paths": dict(sorted(paths.items())),
        **({"webhooks": WEBHOOKS} if words.webhooks else {}),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": refusals.components(),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": words.schemes,
        },
    }


def _surfaces() -> list[Operation]:
    """List the endpoints that no router serves."""
    return [Operation("POST", path, ENDPOINTS[f"POST {path}"].summary) for path in SURFACES]


def _bodies(listed: Iterable[Operation]) -> list[type[BaseModel]]:
    return [operation.body for operation in listed if operation.body is not None]


def _answers(listed: Iterable[Operation]) -> list[type[BaseModel]]:
    return [kind for operation in listed for kind in operation.told.answers.values()]


def _content(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"schema": schema, "example": example}


def _inference(operation: Operation, endpoint: Inference) -> dict[str, Any]:
    calls = operation.path in SURFACES
    return {
        "operationId": endpoint.name,
        "tags": ["inference"],
        "parameters": [
            *map(path_parameter, operation.names),
            {"$ref": "#/components/parameters/X-Request-ID"},
            *(call_headers.TAKEN if calls else ()),
        ],
        "security": [] if endpoint.public else [{"key": []}, {"bearer": []}],
        **inference.describe(
            endpoint, {} if endpoint.public else call_headers.given(operation.path)
        ),
    }


def _kind_of(media_type: str) -> str:
    return "object" if media_type == "application/json" else "string"


def _merged(answers: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Put files beside an answer; what may be either is told as both."""
    both = answers.keys() & files.keys()
    either = {
        name: {
            **answers[name],
            "schema": {"anyOf": [answers[name]["schema"], files[name]["schema"]]},
        }
        for name in both
    }
    return {**answers, **files, **either}
