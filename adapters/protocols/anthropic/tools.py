"""Tools that Anthropic defines: who runs them, and what they may cost."""

import re
from collections.abc import Sequence
from typing import Final

from adapters.protocols.anthropic.fields import Tool
from domain.errors import InvalidRequestError, UnsupportedParameterError

CUSTOM: Final = "custom"
_DATED: Final = re.compile(r"(\w+?)_\d{8}", re.ASCII)

RUN_BY_THE_CALLER: Final = frozenset(
    {"bash", "text_editor", "memory", "computer", "computer_toolset", "browser_toolset"}
)
RUN_FOR_NOTHING: Final = frozenset({"tool_search_tool_bm25", "tool_search_tool_regex"})
RUN_FOR_A_FEE: Final = frozenset({"web_search", "web_fetch"})
"""Each request counts; that of running code is told in no usage, so it cannot be billed."""


def check_tools(tools: Sequence[Tool]) -> None:
    """Raise UnsupportedParameterError for a tool whose cost nothing bounds."""
    for index, tool in enumerate(tools):
        field = f"tools[{index}]"
        kind = kind_of(tool)
        if kind == CUSTOM:
            _check_custom(tool, field)
        elif kind in RUN_FOR_A_FEE:
            if tool.max_uses is None:
                raise UnsupportedParameterError(f"{field}.max_uses", "must bound a paid tool")
        elif kind not in RUN_BY_THE_CALLER | RUN_FOR_NOTHING:
            raise UnsupportedParameterError(f"{field}.type", "changes the price or is unknown")


def paid_uses(tools: Sequence[Tool]) -> dict[str, int]:
    """Give how often each paid tool may be used at most, by component."""
    uses: dict[str, int] = {}
    for tool in tools:
        kind = kind_of(tool)
        if kind in RUN_FOR_A_FEE and tool.max_uses is not None:
            uses[kind] = uses.get(kind, 0) + tool.max_uses
    return uses


def kind_of(tool: Tool) -> str:
    """Name what a tool is, without its date."""
    if tool.type is None or tool.type == CUSTOM:
        return CUSTOM
    dated = _DATED.fullmatch(tool.type)
    return dated[1] if dated else tool.type


def _check_custom(tool: Tool, field: str) -> None:
    for name, given in (("name", tool.name), ("input_schema", tool.input_schema)):
        if given is None:
            message = f"Invalid value for '{field}.{name}': Field required."
            raise InvalidRequestError(message, f"{field}.{name}")
