"""A stream of streamGenerateContent with alt=sse; its end is the end of the connection."""

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.canonical.events import Event
from adapters.protocols.gemini.chunks import ChunkReader
from adapters.protocols.sse import EndlessEventError, EventSplitter
from domain.metering import Report


class GeminiDecoder:
    """Reads the stream into canonical events."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._reader = ChunkReader()
        self.done = False
        """Never: this protocol has no end mark."""
        self.broken = False

    @property
    def complete(self) -> bool:
        """Whether the model said why it stopped."""
        return self._reader.stopped

    @property
    def report(self) -> Report:
        """The usage reported so far."""
        return self._reader.report

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came."""
        events: list[Event] = []
        if self.broken:
            return events
        try:
            for event in self._splitter.feed(data):
                events += self._reader.read(event.data)
        except (MalformedAnswerError, EndlessEventError):
            self.broken = True
        return events
