"""Links: where an id that one operation answers with is asked for by another."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.reference.schemas import Schemas

JSON: Final = "application/json"

Paths = Mapping[str, Mapping[str, Any]]


def links_of(paths: Paths, schemas: Schemas) -> None:
    """Link whatever is made or listed to the operations that take its id."""
    for path, methods in paths.items():
        for method in methods.keys() & {"get", "post"}:
            for status, answer in methods[method]["responses"].items():
                if status.startswith("2") and JSON in answer.get("content", {}):
                    links = dict(_links(paths, path, _ids_in(answer, schemas)))
                    answer.update({"links": links} if links else {})


def _ids_in(answer: Mapping[str, Any], schemas: Schemas) -> dict[str, str]:
    """Find the ids in an answer, or in the first of its items: where each is, by its name."""
    envelope = schemas.follow(answer["content"][JSON]["schema"])
    data = schemas.follow(envelope.get("properties", {}).get("data", {})).get("properties", {})
    items = schemas.follow(schemas.follow(data.get("items", {})).get("items", {}))
    first = {name: f"items/0/{name}" for name in items.get("properties", {})}
    found = first or {name: name for name in data}
    return {name: where for name, where in found.items() if name.endswith("_id")}


def _links(
    paths: Paths, here: str, known: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in paths.items():
        names = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        if names and names <= known.keys() and path != here:
            parameters = {name: f"$response.body#/data/{known[name]}" for name in sorted(names)}
            for operation in methods.values():
                name = operation["operationId"]
                yield name, {"operationId": name, "parameters": parameters}
