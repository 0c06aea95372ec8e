"""The sandbox answers on every surface alike."""

import asyncio

import pytest

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.blocks import Text, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice, Turn
from adapters.upstreams.sandbox import SandboxProvider
from domain.catalog import Route
from domain.upstream import UpstreamCall
from tests.conversations import SCHEMA
from tests.properties.codecs import SURFACES, Surface

HELLO = Turn("user", (Text("Hello."),))
FORCED = Conversation(
    (HELLO,), tools=(Tool("f", "d", SCHEMA),), tool_choice=ToolChoice("required", ("f",))
)
surfaces = pytest.mark.parametrize("surface", SURFACES, ids=lambda row: row.name)
ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def asked(surface: Surface, conversation: Conversation, *, stream: bool) -> Answer:
    """Have the sandbox answer what this surface's own protocol says of a conversation."""
    codec, route = surface.upstream.codec, surface.upstream.route
    outgoing = codec.outgoing(
        surface.upstream.write(conversation, stream=stream), route, stream=stream
    )
    request = surface.decode(outgoing.body, dict(outgoing.headers))
    assert request.stream is stream

    async def scenario() -> bytes:
        sandbox = SandboxProvider()
        sandbox.check(request, Route("sandbox", "up"), 100)
        answer = await sandbox.send(UpstreamCall("0198", "m", Route("sandbox", "up"), request, 100))
        relayed = b"".join([data async for data in answer.relay()])
        assert answer.report.usage is not None
        assert answer.produced.anything()
        return relayed + answer.tail(None)

    body = asyncio.run(scenario())
    if not stream:
        return codec.decode(body)
    decoder, built = codec.decoder(), AnswerBuilder()
    built.add(decoder.feed(body))
    assert decoder.complete
    return built.answer(decoder.report)


@surfaces
@ways
def test_it_says_back_what_it_was_asked(surface: Surface, stream: bool) -> None:
    answer = asked(surface, Conversation((HELLO,)), stream=stream)

    assert (answer.blocks, answer.stop) == ((Text("You said: Hello. "),), "stop")
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens == 5


@surfaces
@ways
def test_it_calls_the_tool_that_it_must(surface: Surface, stream: bool) -> None:
    answer = asked(surface, FORCED, stream=stream)

    [call] = answer.blocks
    assert isinstance(call, ToolUse)
    assert (call.name, call.arguments) == ("f", '{"city":"sandbox","days":1}')
    assert answer.stop == "tool"
