"""Reading a DashScope stream while it passes: each event goes on as it came, but for the last."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.dashscope.answer import choices_in, index_of, object_in
from adapters.protocols.dashscope.decoder import DONE_MARK
from adapters.protocols.dashscope.encoder import write_event
from adapters.protocols.dashscope.following import Choice
from adapters.protocols.dashscope.usage import add_choices, read_usage
from adapters.protocols.sse import EndlessEventError, EventSplitter, ServerSentEvent, is_failure
from adapters.token_count import count_tokens
from domain.metering import Produced, Report


class Stream:
    """Relays the events' data, and withholds what completes the answer until it is charged."""

    def __init__(self, *, choices: int, incremental: bool | None) -> None:
        self._splitter = EventSplitter()
        self._choices = [Choice(incremental=incremental) for _ in range(choices)]
        self._usages: dict[int, Mapping[str, Any]] = {}
        self._withheld: list[bytes] = []
        self._number = 0
        self.broken = False

    @property
    def complete(self) -> bool:
        """Whether every choice has given its reason to finish."""
        return all(choice.finish for choice in self._choices)

    @property
    def done(self) -> bool:
        """Whether nothing that matters can follow."""
        return self.complete and len(self._usages) == len(self._choices)

    @property
    def report(self) -> Report:
        """The usage reported so far: the last of each choice, for each event repeats it."""
        usages = [self._usages[index] for index in sorted(self._usages)]
        return read_usage(add_choices(usages) if len(usages) > 1 else next(iter(usages), None))

    @property
    def produced(self) -> Produced:
        """What was produced so far."""
        return Produced(lambda: any(self._said()), lambda: count_tokens("".join(self._said())))

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they came, and give what can go on."""
        passed: list[bytes] = []
        try:
            for event in self._splitter.feed(data):
                if not (self.broken or self.done):
                    self._read(event, passed)
        except (EndlessEventError, MalformedAnswerError):
            self.broken = True
        return b"".join(passed)

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give the event that completed the answer, and what may have followed it."""
        return b"".join(self._withheld)

    def _read(self, event: ServerSentEvent, passed: list[bytes]) -> None:
        if event.data.strip() == DONE_MARK:
            return  # its own SDK takes it for an error
        fields = object_in(event.data)
        if is_failure(event.name, fields):
            raise MalformedAnswerError
        told = [(self._index(choice), choice) for choice in choices_in(fields)]
        for index, choice in told:
            for _ in self._choices[index].follow(choice):
                pass
        usage = fields.get("usage")
        if isinstance(usage, dict):
            # It is that of the one choice in the event.
            self._usages[told[0][0] if told else 0] = cast("dict[str, Any]", usage)
        self._number += 1
        (self._withheld if self.complete else passed).append(write_event(self._number, event.data))

    def _index(self, choice: Mapping[str, Any]) -> int:
        index = index_of(choice)
        if index >= len(self._choices):
            raise MalformedAnswerError
        return index

    def _said(self) -> Iterator[str]:
        return (text for choice in self._choices for text in choice.said)
