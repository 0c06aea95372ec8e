"""A conversation as it is sent: turns, tools, and everything else that was asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.protocols.canonical.blocks import Block, Text
from domain.errors import UnsupportedParameterError

Role = Literal["user", "assistant", "system"]

HINTS = frozenset(
    {"user", "prompt_cache_key", "safety_identifier", "store", "metadata", "verbosity"}
)
"""Options that change neither the price nor the meaning: left out where there is no place."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says; tool results belong to the user's side."""

    role: Role
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON Schema.

    A custom tool takes free text instead; `grammar` restricts it where a protocol can say so.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    custom: bool = False
    grammar: Mapping[str, Any] | None = None
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model may, must or must not call tools; `names` narrows which."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """What the answer's text must be; without a schema, any JSON object."""

    schema: Mapping[str, Any] | None = None
    name: str = "output"
    description: str = ""
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much the model may think: not at all, by effort, or within a budget of tokens."""

    enabled: bool = True
    effort: str | None = None
    """none, minimal, low, medium, high, xhigh or max."""
    budget: int | None = None
    shown: bool = True
    """Whether the caller can take the thoughts."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole request in canonical form; one answer is asked for."""

    turns: tuple[Turn, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    format: Format | None = None
    reasoning: Reasoning | None = None
    stop: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Everything else that was set, by its canonical name: temperature, top_p, top_k, seed,
    presence_penalty, frequency_penalty, logit_bias, logprobs, top_logprobs, service_tier, user,
    prompt_cache_key, verbosity, and whatever only its own protocol knows."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the caller calls a field, where that is not its canonical name; for errors."""

    def refuse(self, name: str, why: str = "cannot be carried to this model's provider") -> None:
        """Raise UnsupportedParameterError for a field, by the name that the caller gave it."""
        raise UnsupportedParameterError(self.name_of(name), why)

    def name_of(self, name: str) -> str:
        """Give the caller's name for a field."""
        return self.names.get(name, name)

    def tools_named(self, names: Collection[str]) -> tuple[Tool, ...]:
        """Give the tools of these names, in their order."""
        wanted = frozenset(names)
        return tuple(tool for tool in self.tools if tool.name in wanted)

    def check(self) -> None:
        """Refuse by name what no protocol could carry out: to say nothing, to call what is not."""
        if not self.turns and not self.system:
            self.refuse("turns", "must not be empty")
        choice = self.tool_choice
        if choice is None:
            return
        if choice.mode == "required" and not self.tools:
            self.refuse("tool_choice", "needs tools to choose from")
        if not {tool.name for tool in self.tools}.issuperset(choice.names):
            self.refuse("tool_choice", "names a tool that is not among the tools")

    def check_options(self, carried: Collection[str]) -> None:
        """Refuse by name every option that a protocol has no place for, hints excepted."""
        for name in self.options:
            if name not in carried and name not in HINTS:
                self.refuse(name)
