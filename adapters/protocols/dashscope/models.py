"""What is known of DashScope's models by their names: whether they think, and how to bound it.

A thinking budget comes on top of `max_tokens` there, which bounds only what is seen. Whoever counts
both as output must split what the caller allows between them.
"""

import re
from enum import Enum
from typing import Any, Final, NamedTuple

_ALWAYS: Final = re.compile(r"(?:^|/)(?:qwq|qvq|deepseek-r1)|thinking")
_NEVER: Final = re.compile(
    r"instruct|coder|(?:^|/)(?:qwen-(?:max|long|mt|math|vl|audio|omni)|qwen(?:1\.|2)|deepseek-v3$)"
)
_BY_DEFAULT: Final = re.compile(r"(?:^|/)(?:qwen3-\d|qwen3\.\d|qwen[4-9]|glm-|kimi-)")
_PARTS: Final = re.compile(r"-vl\b|-vl-|(?:^|/)qvq|omni|-ocr|audio")
_BUDGETS: Final = {
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 38_912,
}
BUDGET_DEFAULT: Final = 4_096


class Thinking(Enum):
    """When a model thinks."""

    NEVER = "never"
    ON_REQUEST = "on request"
    BY_DEFAULT = "by default"
    ALWAYS = "always"


class Limits(NamedTuple):
    """What goes upstream: the cap on what is seen, and whether and how much it may think."""

    max_tokens: int
    enable_thinking: bool | None = None
    thinking_budget: int | None = None

    @property
    def told(self) -> dict[str, Any]:
        """Give what is said of it in a request."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def thinking_of(model: str) -> Thinking:
    """Tell when a model thinks, by its upstream name.

    always       `…thinking…`, qwq, qvq, deepseek-r1
    never        `…instruct…`, `…coder…`, Qwen 1 and 2, qwen-max, -long, -vl and such
    by default   qwen3-<size>, qwen3.<n>, later Qwens, GLM, Kimi
    on request   every other
    """
    name = model.lower()
    if _ALWAYS.search(name):
        return Thinking.ALWAYS
    if _NEVER.search(name):
        return Thinking.NEVER
    return Thinking.BY_DEFAULT if _BY_DEFAULT.search(name) else Thinking.ON_REQUEST


def thinks_unasked(model: str) -> bool:
    """Tell whether a model thinks when nobody says anything about it."""
    return thinking_of(model) in {Thinking.ALWAYS, Thinking.BY_DEFAULT}


def split_cap(kind: Thinking, output_cap: int, *, asked: bool, wanted: int | None) -> Limits:
    """Split an output cap that counts thoughts, too, between thinking and what is seen.

    `wanted` is the budget that the caller named, honoured if it leaves anything to be seen.
    """
    if not asked and kind in {Thinking.NEVER, Thinking.ON_REQUEST}:
        return Limits(output_cap)
    half = output_cap // 2
    budget = wanted if wanted and wanted < output_cap else min(wanted or BUDGET_DEFAULT, half)
    if budget:
        return Limits(output_cap - budget, True if asked else None, budget)
    # There is no room for thoughts; a model that cannot but think gets the least there is.
    return Limits(output_cap, None, 1) if kind is Thinking.ALWAYS else Limits(output_cap, False)


def budget_of(effort: str) -> int | None:
    """Give the tokens of thought that an effort comes to; None for one that is not known."""
    return _BUDGETS.get(effort)


def must_stream(model: str, enable_thinking: bool | None) -> bool:
    """Tell whether a call that thinks is refused unless it streams: so many of them say."""
    if enable_thinking is False:
        return False
    return bool(enable_thinking) or thinks_unasked(model)


def takes_parts(model: str) -> bool:
    """Tell whether a model is only at the endpoint for content in parts: it sees or hears."""
    return _PARTS.search(model.lower()) is not None
