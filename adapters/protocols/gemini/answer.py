"""A whole answer of generateContent."""

from adapters.protocols.canonical.answer import Answer, MalformedAnswerError
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.gemini.chunks import ChunkReader


def read_answer(body: bytes) -> Answer:
    """Read it, or raise MalformedAnswerError."""
    reader, built = ChunkReader(), AnswerBuilder()
    built.add(reader.read(body))
    if not reader.stopped:
        raise MalformedAnswerError
    return built.answer(reader.report)
