"""What each upstream streams, and at which of its events what is true of the answer."""

from dataclasses import dataclass, replace
from functools import cached_property

from adapters.token_count import count_tokens
from tests.adapters.protocols.event_stream import exception
from tests.matrix.features import Feature, ToolCall, pieces
from tests.matrix.gateway import Upstream
from tests.scripted_answers import Received

ANSWER = Feature(
    "cut",
    tools=True,
    thoughts="Well.",
    text="Olé you.",
    calls=(ToolCall("call_1", "f", {"a": 1}),),
    stop="tool",
)
WORDS = pieces(ANSWER.text)
ESCAPED, RAW = rb"\u00e9", "é".encode()

WHOLE_BEFORE_END = {"openai": 2, "completions": 2, "anthropic": 1, "bedrock": 1}
"""How many events may be missing from a whole answer: usage and end marks."""
COUNTED_BEFORE_END = {"openai": 1, "completions": 1, "anthropic": 1}
"""How many may be missing once its usage is known."""
WITHOUT_END = {"gemini"}
"""Where only the end of the connection is the end, so that an error may always follow."""
ALL_SAID = count_tokens(ANSWER.thoughts + ANSWER.text + 'f{"a": 1}') + 2
"""How many tokens the whole answer is by our own count, however its parts are put together."""
COUNTED_ALL_ALONG = {"dashscope"}
"""Where every event tells the usage so far, so that it is known also if the rest is missing."""

OPENAI_ERROR = b'data: {"error": {"message": "no", "type": "server_error", "code": null}}\n\n'
ERRORS = {
    "openai": OPENAI_ERROR,
    "completions": OPENAI_ERROR,
    "responses": b'event: error\ndata: {"type": "error", "code": "server_error", "message": "no"}'
    b"\n\n",
    "anthropic": b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", '
    b'"message": "no"}}\n\n',
    "gemini": b'data: {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}\r\n\r\n',
    "bedrock": exception("modelStreamErrorException", "no"),
    "dashscope": b"id:9\nevent:error\n:HTTP_STATUS/500\ndata:"
    b'{"code": "InternalError", "message": "no", "request_id": "r"}\n\n',
}
"""How an upstream tells in its stream that it has failed."""
NONSENSE = b"data: {nonsense\n\n"


@dataclass(frozen=True)
class Stream:
    """One upstream's answer to one request, event by event."""

    upstream: Upstream
    content_type: str
    events: tuple[bytes, ...]

    @property
    def name(self) -> str:
        return self.upstream.name

    @cached_property
    def data(self) -> bytes:
        return b"".join(self.events)

    @cached_property
    def ends(self) -> list[int]:
        """Where each number of events ends, none of them first."""
        return [sum(map(len, self.events[:count])) for count in range(len(self.events) + 1)]

    def events_in(self, size: int) -> int:
        """How many events the first bytes hold whole."""
        return sum(end <= size for end in self.ends) - 1

    def words_in(self, events: int) -> str:
        """What the model has said aloud by then."""
        return "".join(word for word in WORDS if self._with(word.encode()) <= events)

    @property
    def thinks_at(self) -> int:
        """With how many events the model has begun to say something."""
        thoughts = ANSWER.thoughts.encode()
        return self._with(thoughts) if thoughts in self.data else self.speaks_at

    @property
    def speaks_at(self) -> int:
        """With how many it has begun to say something that is no thought."""
        return self._with(WORDS[0].encode())

    @property
    def whole_at(self) -> int:
        """With how many the answer is whole."""
        return len(self.events) - WHOLE_BEFORE_END.get(self.name, 0)

    @property
    def counted_at(self) -> int:
        """With how many its usage is known."""
        return len(self.events) - COUNTED_BEFORE_END.get(self.name, 0)

    @property
    def over_at(self) -> int:
        """With how many nothing that follows can spoil it."""
        return len(self.events) + (self.name in WITHOUT_END)

    @property
    def charge(self) -> int:
        return self.upstream.charge

    def charge_for(self, usage: dict[str, int]) -> int:
        """What another usage comes to, computed apart from the product."""
        return replace(self.upstream, usage=usage).charge

    def told(self) -> bytes:
        """An error, as this upstream tells it."""
        return ERRORS[self.name]

    def nonsense(self) -> bytes:
        """Bytes that no upstream of this protocol means to send."""
        if self.name == "bedrock":
            last = ERRORS[self.name]
            return last[:-1] + bytes([last[-1] ^ 1])
        return NONSENSE

    def _with(self, words: bytes) -> int:
        return next(at for at, event in enumerate(self.events, 1) if words in _plain(event))


def _plain(event: bytes) -> bytes:
    return event.replace(ESCAPED, RAW)


def stream_for(upstream: Upstream, request: Received) -> Stream:
    """What an upstream answers; its text in plain UTF-8, unless a checksum forbids it."""
    head, *chunks, _ = upstream.wire.answer_with(ANSWER)(request)
    assert isinstance(head, bytes)
    content_type = head.partition(b"content-type: ")[2].partition(b"\r\n")[0].decode()
    events = [chunk.partition(b"\r\n")[2].removesuffix(b"\r\n") for chunk in chunks]
    if upstream.name != "bedrock":
        events = [_plain(event) for event in events]
    return Stream(upstream, content_type, tuple(events))
