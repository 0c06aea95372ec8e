"""What differs between Anthropic's models, told from their names.

name                       sampling    thinking    sequences
not claude…                yes         by budget   an imitator, who knows the older API
claude 3, 3.5              yes         no
claude 3.7 to 4.5          yes         by budget
claude 4.6                 yes         adaptive
claude 4.7 and later       no          adaptive
claude without a version   no          adaptive    taken for a newer one
"""

import re
from typing import Final, Literal, NamedTuple

ThinkingMode = Literal["none", "budget", "adaptive"]
_VERSIONS: Final = (
    # claude-3-5-sonnet-20241022, claude-3-opus, claude-2.1
    re.compile(r"claude-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)"),
    # claude-sonnet-4-5-20250929, claude-opus-5
    re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)"),
)
_NEWEST: Final = (99, 0)
_NO_SAMPLING, _ADAPTIVE, _BUDGET = (4, 7), (4, 6), (3, 7)


class Abilities(NamedTuple):
    """What a model takes."""

    sampling: bool
    """Temperature and its like, by the older version of the API."""
    thinking: ThinkingMode
    current: bool
    """The current version of the API."""


def abilities_of(upstream_model: str) -> Abilities:
    """Tell what a model takes, by its name."""
    name = upstream_model.lower()
    if "claude" not in name:
        return Abilities(sampling=True, thinking="budget", current=False)
    version = _version(name)
    mode: ThinkingMode = "adaptive"
    if version < _ADAPTIVE:
        mode = "budget" if version >= _BUDGET else "none"
    return Abilities(version < _NO_SAMPLING, mode, current=True)


def _version(name: str) -> tuple[int, int]:
    for pattern in _VERSIONS:
        if found := pattern.search(name):
            return int(found[1]), int(found[2] or 0)
    return _NEWEST
