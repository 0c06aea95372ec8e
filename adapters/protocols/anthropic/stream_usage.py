"""The usage of a stream: the prompt's at its beginning, the answer's at its end."""

from dataclasses import replace
from typing import Any, cast

from adapters.protocols.anthropic.usage import merge, read_usage
from adapters.protocols.counters import within
from domain.metering import Report


class StreamUsage:
    """Follows both; what the beginning says of the output is no count of it."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] | None = None
        self._output_told = False

    @property
    def begun(self) -> bool:
        """Whether the stream has begun."""
        return self._usage is not None

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return replace(read_usage(self._usage), input_only=self.begun and not self._output_told)

    def begin(self, event: object) -> None:
        """Take what `message_start` says."""
        self._usage = _fields(within(event, "message", "usage"))

    def go_on(self, event: object) -> None:
        """Take what `message_delta` says, which overwrites."""
        told = _fields(within(event, "usage"))
        self._usage = merge(self._usage or {}, told)
        self._output_told |= "output_tokens" in told


def _fields(usage: object) -> dict[str, Any]:
    return cast("dict[str, Any]", usage) if isinstance(usage, dict) else {}
