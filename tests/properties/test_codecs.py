"""What holds for every protocol and every pair of them: nothing is lost, nothing is invented."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, reject, settings, strategies as st

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.blocks import Image, Text, ToolResult, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.conversation import HINTS, Conversation, ToolChoice
from adapters.protocols.canonical.turns import merge
from domain.errors import InvalidRequestError
from tests.adapters.protocols.streams import cuts
from tests.conversations import answers, conversations, events_of
from tests.properties.codecs import SURFACES, UPSTREAMS, Surface, Upstream

T = TypeVar("T")
FRAME = Frame("0198", "m", 1_795_197_560)
NUMBERED = re.compile(r"<\d+>")
FEW = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
surfaces = pytest.mark.parametrize("surface", SURFACES, ids=lambda row: row.name)
upstreams = pytest.mark.parametrize("upstream", UPSTREAMS, ids=lambda row: row.name)
others = pytest.mark.parametrize("other", SURFACES, ids=lambda row: row.name)


@surfaces
@FEW
@given(conversation=conversations())
def test_what_is_sent_reads_as_what_was_meant(surface: Surface, conversation: Conversation) -> None:
    read = carried(lambda: surface.read(conversation))

    meant, heard = aspects(conversation), aspects(read)
    for name in meant:
        if name not in surface.changes:
            assert heard[name] == meant[name], name


@surfaces
@upstreams
@settings(FEW, max_examples=20)
@given(conversation=conversations())
def test_every_word_arrives_once_and_in_order_or_the_field_is_refused_by_name(
    surface: Surface, upstream: Upstream, conversation: Conversation
) -> None:
    fields = carried(lambda: upstream.write(surface.read(conversation)))

    sent = [mark for leaf in leaves(fields) for mark in NUMBERED.findall(leaf)]
    spoken = [mark for text in spoken_in(conversation) for mark in NUMBERED.findall(text)]
    stops = [mark for text in conversation.stop for mark in NUMBERED.findall(text)]
    assert sorted(sent) == sorted([*spoken, *stops])
    assert [mark for mark in sent if mark in spoken] == spoken


@surfaces
@FEW
@given(answer=answers())
def test_a_whole_answer_reads_as_it_was_written(surface: Surface, answer: Answer) -> None:
    body = surface.ask(stream=False).encode_answer(answer, FRAME)

    read = surface.upstream.codec.decode(body)

    assert said_in(read) == said_in(answer)


@surfaces
@others
@settings(FEW, max_examples=10)
@given(answer=answers(), data=st.data())
def test_a_stream_goes_through_any_pair_however_it_is_cut(
    surface: Surface, other: Surface, answer: Answer, data: st.DataObject
) -> None:
    first = written(surface, answer)

    through = read_stream(surface, data.draw(cuts(first)))
    second = written(other, through)

    assert said_in(read_stream(other, data.draw(cuts(second)))) == said_in(answer)


@surfaces
@FEW
@given(answer=answers())
def test_a_stream_that_ends_early_is_never_taken_for_a_whole_one(
    surface: Surface, answer: Answer
) -> None:
    decoder, built = surface.upstream.codec.decoder(), AnswerBuilder()
    stream = written(surface, answer)

    for at in range(len(stream) - 1):
        built.add(decoder.feed(stream[at : at + 1]))

        assert not decoder.done
        if decoder.complete:
            assert built.blocks == answer.blocks


def carried(write: Callable[[], T]) -> T:
    """What is refused by name is neither lost nor invented."""
    try:
        return write()
    except InvalidRequestError as refused:
        if not refused.param:
            raise
        reject()


def written(surface: Surface, answer: Answer) -> bytes:
    """Write a stream, its events in groups of two, so that their grouping shows."""
    encoder, events = surface.ask(stream=True).stream_encoder(FRAME), events_of(answer)
    groups = [events[at : at + 2] for at in range(0, len(events), 2)]
    return b"".join(map(encoder.encode, groups)) + encoder.finish(answer.report, None)


def read_stream(surface: Surface, pieces: list[bytes]) -> Answer:
    decoder, built = surface.upstream.codec.decoder(), AnswerBuilder()
    for piece in pieces:
        built.add(decoder.feed(piece))
    assert decoder.complete
    assert not decoder.broken
    return built.answer(decoder.report)


def said_in(answer: Answer) -> dict[str, Any]:
    """What no pair may change."""
    usage = answer.report.usage
    return {
        "blocks": answer.blocks,
        "stop": answer.stop,
        "usage": None if usage is None else usage.buckets,
    }


def aspects(conversation: Conversation) -> dict[str, Any]:
    """A conversation taken apart, texts side by side as one: how they were cut says nothing."""
    return {
        "system": "".join(text.text for text in conversation.system),
        "turns": [(turn.role, joined(turn.blocks)) for turn in merge(conversation.turns)],
        "tools": [
            (t.name, t.description, t.parameters, bool(t.strict)) for t in conversation.tools
        ],
        "tool_choice": conversation.tool_choice or ToolChoice("auto"),
        "parallel_tools": conversation.parallel_tools,
        "format": conversation.format and conversation.format.schema,
        "format words": conversation.format
        and (conversation.format.name, conversation.format.strict),
        "detail": [
            block.detail or "auto"
            for turn in conversation.turns
            for block in turn.blocks
            if isinstance(block, Image)
        ],
        "reasoning": conversation.reasoning,
        "stop": conversation.stop,
        "options": {k: v for k, v in conversation.options.items() if k not in HINTS},
    }


def joined(blocks: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for block in blocks:
        if isinstance(block, Image):
            found.append(replace(block, detail=None))
        elif isinstance(block, Text) and found and isinstance(found[-1], str):
            found[-1] += block.text
        else:
            found.append(block.text if isinstance(block, Text) else block)
    return found


def spoken_in(conversation: Conversation) -> Iterator[str]:
    yield from (text.text for text in conversation.system)
    for turn in conversation.turns:
        for block in turn.blocks:
            match block:
                case Text():
                    yield block.text
                case ToolUse():
                    yield block.arguments
                case ToolResult():
                    yield from (part.text for part in block.blocks if isinstance(part, Text))
                case _:
                    pass


def leaves(value: object) -> Iterator[str]:
    """Walk every text of a request, system first as it is spoken first, JSON in texts too."""
    if isinstance(value, dict):
        for name in sorted(value, key=lambda name: name not in {"system", "systemInstruction"}):
            yield from leaves(value[name])
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield from json_in(value)


def json_in(text: str) -> Iterator[str]:
    try:
        inner = json.loads(text)
    except ValueError:
        inner = None
    if isinstance(inner, dict):
        yield from leaves(inner)
    else:
        yield text
