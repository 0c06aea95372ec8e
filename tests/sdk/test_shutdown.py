"""SIGTERM while calls run: they finish or settle, the exit status is 0, and no hold is left."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.gateway_process import GatewayProcess
from tests.scripted_answers import STREAM_END, STREAM_HEAD, framed
from tests.scripted_upstream import (
    ScriptedUpstream,
    in_stream_error,
    raw,
    stall,
    stream,
    truncated_stream,
)
from tests.sdk.books import Books, Call
from tests.sdk.catalog import catalog
from tests.sdk.houses import visited
from tests.sdk.shop import QUESTION, House, paced
from tests.sdk.test_broken_streams import chunk, read

DRAIN_SECONDS = 3
WORDS = [f"w{n} " for n in range(20)]


class Visitor(threading.Thread):
    """A client in a thread: what it read, and what it raised."""

    def __init__(self, gateway: GatewayProcess, *, streams: bool) -> None:
        super().__init__()
        self.customer = gateway.customer()
        self.said = ""
        self.raised: Exception | None = None
        self._url = gateway.base_url
        self._streams = streams

    def run(self) -> None:
        key = self.customer.api_key
        with openai.OpenAI(base_url=self._url, api_key=key, max_retries=0) as client:
            try:
                answer: Any = client.chat.completions.create(
                    model="small", messages=QUESTION, stream=self._streams
                )
                if not self._streams:
                    self.said = answer.choices[0].message.content
                    return
                for piece in answer:
                    self.said += piece.choices[0].delta.content or "" if piece.choices else ""
            except Exception as error:  # noqa: BLE001  # the test looks at it
                self.raised = error


@dataclass
class Aftermath:
    """A shutdown over three calls, and the same store in a new process."""

    status: int
    seconds: float
    visitors: list[Visitor]
    calls: list[Call]
    house: House


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder: Path = tmp_path_factory.mktemp("shutdown")
    environ = {"TOLLBOOK_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    with ScriptedUpstream() as upstream:
        gateway = GatewayProcess(folder, catalog=catalog(scripted=upstream.url), environ=environ)
        with gateway:
            visitors = visit(gateway, upstream)
            began = time.monotonic()
            status = gateway.stop()
            seconds = time.monotonic() - began
            for visitor in visitors:
                visitor.join()
            gateway._environ["TOLLBOOK_BROKEN_STREAM"] = "release"
            gateway.start()
            with gateway.database() as connection:
                books = Books(connection)
                calls = [books.calls_of(visitor.customer.customer_id)[0] for visitor in visitors]
                house = House(gateway, {"scripted": upstream}, books)
                yield Aftermath(status, seconds, visitors, calls, house)


def visit(gateway: GatewayProcess, upstream: ScriptedUpstream) -> list[Visitor]:
    """A stream and a whole answer of about a second, and a stream far beyond the drain."""
    endless: list[Any] = []
    for _ in range(600):
        endless += [framed(chunk(content="tick ")), 0.1]
    answers = [paced(stream(WORDS), 0.05), stall(1.0), raw(STREAM_HEAD, *endless, STREAM_END)]
    visitors = []
    for answer, streams in zip(answers, (True, False, True), strict=True):
        upstream.script(answer)
        visitor = Visitor(gateway, streams=streams)
        visitor.start()
        visitors.append(visitor)
        while len(upstream.requests) < len(visitors):
            time.sleep(0.01)
    time.sleep(0.2)
    return visitors


def test_the_exit_status_is_0_and_in_time(aftermath: Aftermath) -> None:
    assert aftermath.status == 0
    assert aftermath.seconds < 3 * DRAIN_SECONDS + 10


def test_no_worker_had_to_be_killed(aftermath: Aftermath) -> None:
    assert "did not leave in time" not in aftermath.house.log
    assert "exit code -9" not in aftermath.house.log


def test_a_stream_within_the_drain_finishes_and_is_charged(aftermath: Aftermath) -> None:
    visitor, call = aftermath.visitors[0], aftermath.calls[0]

    assert (visitor.said, visitor.raised) == ("".join(WORDS), None)
    call.check()
    call.assert_charged("small", input=3, output=20)


def test_a_whole_answer_within_the_drain_finishes_and_is_charged(aftermath: Aftermath) -> None:
    visitor, call = aftermath.visitors[1], aftermath.calls[1]

    assert (visitor.said, visitor.raised) == ("one two three", None)
    call.check()
    call.assert_charged("small", input=3, output=3)


def test_a_stream_beyond_the_drain_is_settled_before_the_process_ends(
    aftermath: Aftermath,
) -> None:
    call = aftermath.calls[2]

    assert call.is_settled
    call.check()
    assert call.charged["basis"] == "partial"
    assert 0 < call.total <= call.held


def test_a_stream_beyond_the_drain_is_not_cut_in_silence(aftermath: Aftermath) -> None:
    visitor = aftermath.visitors[2]

    assert visitor.said.startswith("tick ")
    assert visitor.raised is not None
    assert isinstance(visitor.raised, openai.APIError), repr(visitor.raised)


@pytest.mark.parametrize(
    "answer",
    [paced(in_stream_error(after=2)), paced(truncated_stream(after=2))],
    ids=["error", "truncated"],
)
def test_a_broken_stream_is_released_where_the_operator_says_so(
    aftermath: Aftermath, answer: Any
) -> None:
    with visited(aftermath.house) as shop:
        shop.upstream.script(answer)

        said, error = read(shop)

        assert said == "Hello from"
        assert error is not None
        shop.call().assert_released("upstream_error")


def test_a_client_that_leaves_pays_also_where_broken_streams_are_released(
    aftermath: Aftermath,
) -> None:
    with visited(aftermath.house) as shop:
        shop.upstream.script(paced(stream(WORDS), 0.04))
        chunks = shop.client().chat.completions.create(
            model="small", messages=QUESTION, stream=True
        )
        next(iter(chunks))
        chunks.close()

        shop.call().assert_charged("small", input=3, output=20)
