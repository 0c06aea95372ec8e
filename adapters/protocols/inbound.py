"""What every inbound protocol offers: a checked request that can be sent and answered."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.canonical.events import Event
from adapters.protocols.prompt_size import PromptParts
from domain.metering import Produced, Report


class StreamEncoder(Protocol):
    """Writes a streamed answer in a surface's protocol; the grouping of events does not matter."""

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events, and before the first of them whatever opens the stream."""
        ...

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write what must wait for the charge: usage and the end of the stream."""
        ...


class InboundRequest(Protocol):
    """A request as one of our surfaces took it.

    A provider of the same protocol passes its body on; others ask for the conversation.
    """

    @property
    def protocol(self) -> str:
        """The protocol's name, which a dialect of the same protocol knows."""
        ...

    @property
    def model(self) -> str:
        """The model as the caller names it."""
        ...

    @property
    def stream(self) -> bool:
        """Whether the caller wants a stream."""
        ...

    @property
    def output_cap(self) -> int | None:
        """What the caller limits each choice to, in tokens."""
        ...

    @property
    def default_cap(self) -> int | None:
        """What output is limited to where the caller says nothing; funds may lower it as ours."""
        ...

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        ...

    @property
    def tier(self) -> str | None:
        """The tier that the caller wants for `auto`; None for the standard one."""
        ...

    @property
    def service_tier(self) -> str | None:
        """A way of being served that has a price of its own; None for the usual one."""
        ...

    @property
    def extras(self) -> Mapping[str, int]:
        """How often each paid tool may be used at most, by component."""
        ...

    @property
    def size(self) -> int:
        """Bytes as received."""
        ...

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """The caller's own metadata, some of which may be kept as tags."""
        ...

    def prompt_parts(self) -> PromptParts:
        """Take the prompt apart, for estimating its size before the call."""
        ...

    def conversation(self) -> Conversation:
        """Give the canonical form, or raise UnsupportedParameterError naming the field."""
        ...

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Write a whole answer as this protocol's body."""
        ...

    def stream_encoder(self, frame: Frame) -> StreamEncoder:
        """Begin to write a streamed answer."""
        ...


class StreamReader(Protocol):
    """Takes an upstream's bytes and gives what the caller may have at once."""

    @property
    def done(self) -> bool:
        """Whether the stream's own end mark has come."""
        ...

    @property
    def broken(self) -> bool:
        """Whether the stream told of an error or made no sense; nothing after it counts."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, also if the connection ended without an end mark."""
        ...

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        ...

    @property
    def produced(self) -> Produced:
        """What was produced so far."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they came, and give what can go on; how they are cut does not matter."""
        ...

    def tail(self, metadata: Mapping[str, Any] | None) -> bytes:
        """Give what waited for the charge; metadata only where the surface has a place for it."""
        ...


@runtime_checkable
class TellsFailure(Protocol):
    """A reader or encoder whose protocol wants a failure told as of the answer that had begun."""

    def failure(self, message: str) -> bytes | None:
        """Write the end of a stream that broke off; None where the surface's error is enough."""
        ...


class StreamDecoder(Protocol):
    """Reads an upstream's stream into canonical events."""

    @property
    def done(self) -> bool:
        """Whether the stream's own end mark has come."""
        ...

    @property
    def broken(self) -> bool:
        """Whether the stream told of an error or made no sense."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the answer is whole."""
        ...

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        ...

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; events before a fault are still given. Raises nothing."""
        ...
