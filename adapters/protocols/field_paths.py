"""Naming the field that a model of ours refused, as the caller wrote it: `input[0].role`."""

from collections.abc import Sequence
from typing import Any, Final, cast

from pydantic import ValidationError

MISSING, UNKNOWN = "missing", "extra_forbidden"
PATH_MAX: Final = 200
"""Characters of a path that are told back: a caller's own names have no limit."""


def first_fault(error: ValidationError, body: dict[str, Any]) -> tuple[str, str, str]:
    """Give the innermost fault: its path, pydantic's type of fault, and what is wrong."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fault = max(faults, key=lambda found: len(found["loc"]))
    return path_of(fault["loc"], body), fault["type"], fault["msg"]


def path_of(steps: Sequence[int | str], body: dict[str, Any]) -> str:
    """Write a path, cut at PATH_MAX; "" where the body as a whole is at fault.

    Pydantic's names for alternatives are no steps of the body, and left out.
    """
    path, at = "", cast("object", body)
    for left, step in zip(reversed(range(len(steps))), steps, strict=True):
        if isinstance(step, int):
            path += f"[{step}]"
            at = cast("list[object]", at)[step] if isinstance(at, list) else None
        elif isinstance(at, dict) and step in at:
            path += f".{step}" if path else step
            at = cast("dict[str, object]", at)[step]
        elif not left and isinstance(at, dict) and step.isidentifier():
            path += f".{step}" if path else step
    return path if len(path) <= PATH_MAX else path[: PATH_MAX - 1] + "…"
