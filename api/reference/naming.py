"""Names that clients are generated from; they follow from the path, so that they stay."""

import re
from collections.abc import Mapping
from typing import Final

from api.reference.operations import Operation

VERBS: Final[Mapping[str, str]] = {
    "GET": "get", "POST": "create", "PATCH": "update", "PUT": "replace", "DELETE": "delete",
}  # fmt: skip
CHANGES: Final[Mapping[str, str]] = {"terms": "change", "time-zone": "change", "what-if": "ask"}
"""What a POST does that neither makes one of what its path ends in nor does what that says."""
PREFIXES: Final = ("/openapi/v1/", "/admin/v1/", "/")
SAME_IN_PLURAL: Final = frozenset({"holds", "limits", "terms", "metrics", "charts", "costs"})


def operation_id(operation: Operation, *, lists: bool) -> str:
    """Name an operation after its method and path: `list_api_keys`, `rotate_api_key`.

    `lists` tells whether it answers with items.
    """
    words, last = _words(operation.path), operation.path.rpartition("/")[2]
    if operation.method == "GET" and lists and not last.startswith("{"):
        return "_".join(["list", *words])
    if operation.method != "POST":
        return "_".join([VERBS[operation.method], *words])
    if last in CHANGES:
        return "_".join([CHANGES[last], *words])
    if not last.endswith("s"):
        *words, action = words
        return "_".join([action, *words[:-1], *map(singular, words[-1:])])
    return "_".join([VERBS["POST"], *words[:-1], singular(words[-1])])


def singular(word: str) -> str:
    """Give one of what a plural names."""
    if word in SAME_IN_PLURAL:
        return word
    for ending, one in (("ies", "y"), ("ches", "ch"), ("sis", "sis"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending):
            return word.removesuffix(ending) + one
    return word


def tag(path: str) -> str:
    """Name the group that a path belongs to: its first segment."""
    return _stripped(path).split("/")[0].partition(".")[0]


def _words(path: str) -> list[str]:
    """Take a path apart, what stands before a name as one of its kind."""
    words: list[str] = []
    for part in _stripped(path).split("/"):
        if not part.startswith("{"):
            words.append(re.sub(r"[^a-z0-9]+", "_", part.lower()))
        elif words:
            words[-1] = singular(words[-1])
    return words


def _stripped(path: str) -> str:
    return next(path.removeprefix(prefix) for prefix in PREFIXES if path.startswith(prefix))
