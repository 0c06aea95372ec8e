"""Holds answers against the reference: what a test got must be what the document says."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
import orjson

from api.app import build_app
from api.catalog.file import default_catalog
from api.reference.documents import customers_document, operators_document
from api.settings import Settings

JSON = "application/json"


@dataclass(frozen=True)
class Described:
    """An operation of a document."""

    method: str
    path: str
    fields: Mapping[str, Any]
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def answer(self, status: int) -> Mapping[str, Any] | None:
        """What is said of a status; None if nothing is."""
        answers = self.fields["responses"]
        found = answers.get(str(status), answers.get("default"))
        if found is not None and "$ref" in found:
            return self.document["components"]["responses"][found["$ref"].rpartition("/")[2]]
        return found

    def faults(self, schema: Mapping[str, Any], value: object) -> list[str]:
        """What the schema finds wrong."""
        rooted = {**schema, "components": self.document["components"]}
        found = jsonschema_rs.Draft202012Validator(rooted).iter_errors(value)
        return [f"{error.instance_path}: {error.message}" for error in found]


@cache
def documents() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The customer's and the operator's, as a gateway serves them."""
    routes = build_app(Settings.load({}), default_catalog(), "unused")._app.routes
    return (
        orjson.loads(customers_document(routes, None)),
        orjson.loads(operators_document(routes, None)),
    )


@cache
def described() -> list[Described]:
    """Every operation of both."""
    return [
        Described(method.upper(), path, fields, document)
        for document in documents()
        for path, methods in document["paths"].items()
        for method, fields in methods.items()
    ]


def check(method: str, path: str, answer: httpx.Response) -> None:
    """Fail if an answer is not what its operation may answer; other paths say what they like."""
    found = next(_at(method, path), None)
    if found is None:
        return
    told = found.answer(answer.status_code)
    assert told is not None, f"{found} does not tell of {answer.status_code}: {answer.text[:500]}"
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    assert media_type in told["content"], f"{found} does not tell of {media_type}"
    if media_type == JSON:
        faults = found.faults(told["content"][JSON]["schema"], answer.json())
        assert faults == [], f"{found} {answer.status_code}: {faults}\n{answer.text[:2000]}"


def _at(method: str, path: str) -> Iterator[Described]:
    """Find what is at a path; one without names wins, then the one that says more."""
    path = path.partition("?")[0]
    for operation in sorted(described(), key=lambda f: (f.path.count("{"), -f.path.count("/"))):
        if operation.method == method.upper() and _pattern(operation.path).fullmatch(path):
            yield operation


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = [
        ".+"
        if part in {"{model}", "{model_id}", "{resource_id}"}
        else "[^/]+"
        if part.startswith("{")
        else re.escape(part)
        for part in path.split("/")
    ]
    return re.compile("/".join(parts))
