"""Tools in namespaces by plain names, for other protocols: `find` of `crm` is `crm__find`."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

LONGEST: Final = 64
_DIGEST: Final = 8


class Named(NamedTuple):
    """A tool as the caller names it."""

    name: str
    namespace: str | None = None


def flat(name: str, namespace: str | None) -> str:
    """Write both as one name that every protocol takes."""
    if not namespace:
        return name
    whole = f"{namespace}__{name}"
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{whole[: LONGEST - _DIGEST - 1]}_{digest}"


def spaces_of(body: Mapping[str, Any]) -> dict[str, Named]:
    """List the tools in namespaces by their plain names, to name them in answers."""
    return {
        flat(tool["name"], space["name"]): Named(tool["name"], space["name"])
        for space in body.get("tools") or ()
        if space["type"] == "namespace"
        for tool in space["tools"]
    }
