"""Answering a call that a provider has taken: whole, or as a stream that ends after its charge."""

import asyncio
from contextlib import suppress
from typing import Final

from adapters.answer_cache.kept_stream import KeptStream
from adapters.upstreams.answers import StreamAnswer, WholeAnswer
from api.gateway import Gateway
from api.inference.metadata import (
    billing_headers,
    metadata_of,
    routing_headers,
    with_metadata,
)
from api.inference.recalling import keep
from api.inference.serving import Serving
from domain.errors import UpstreamFailureError, UpstreamTimeoutError
from domain.metered_call import MeteredCall
from domain.upstream import BrokenAnswerError

JSON: Final = (b"content-type", b"application/json")
SSE: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)

Stream = StreamAnswer | KeptStream
"""A stream from a provider, or one that is given again."""


async def answer_whole(serving: Serving, call: MeteredCall, answer: WholeAnswer) -> None:
    """Charge, then send the answer: as it came, but for JoyToken's metadata."""
    await call.charge(answer, complete=True)
    if serving.content:
        serving.content.take(answer.body)
    if serving.recall:
        serving.recall.take(answer.body)
        await keep(serving, call)
    headers = [
        JSON,
        *serving.id_headers,
        *routing_headers(call),
        *billing_headers(call.settlement),
    ]
    body = serving.restorer.whole(answer.body) if serving.restorer else answer.body
    if serving.surface.joytoken:
        body = with_metadata(body, metadata_of(call, serving.public_id))
    await serving.exchange.answer(200, headers, body)


async def answer_stream(
    gateway: Gateway, serving: Serving, call: MeteredCall, answer: Stream, deadline: float
) -> None:
    """Relay a stream; its last bytes leave only after the charge."""
    exchange, surface = serving.exchange, serving.surface
    await exchange.start(200, [*SSE, *serving.id_headers, *routing_headers(call)])
    broken = await _relay(gateway, serving, answer, deadline)
    if broken and _forgives(gateway, serving, answer):
        await call.forgive(answer, broken.code)
    else:
        await call.charge(answer, complete=broken is None)
    if broken:
        tail = answer.failure(str(broken)) or surface.errors.event(broken, serving.public_id)
    else:
        tail = answer.tail(metadata_of(call, serving.public_id) if surface.joytoken else None)
        if serving.recall:
            await keep(serving, call, answer.tail(None) if surface.joytoken else tail)
    await exchange.send(_ended(serving, tail), last=True)


def _ended(serving: Serving, tail: bytes) -> bytes:
    """Give what is still kept back of an answer, and its end, which may tell all of it again."""
    if serving.content:
        serving.content.take(tail)
    if serving.restorer is None:
        return tail
    return serving.restorer.rest() + serving.restorer.part(tail) + serving.restorer.rest()


def _forgives(gateway: Gateway, serving: Serving, answer: Stream) -> bool:
    """Whether a broken answer costs nothing: by policy, or because it never said anything.

    A client that left before its answer was over has no claim to that.
    """
    by_policy = gateway.settings.broken_stream == "release"
    return not serving.client_gone and (by_policy or not answer.produced.anything())


async def _relay(
    gateway: Gateway, serving: Serving, answer: Stream, deadline: float
) -> UpstreamFailureError | None:
    """Pass on what comes; after the client has gone, read on for a while for the usage."""
    watching = asyncio.create_task(serving.exchange.gone())
    patience = gateway.settings.abandoned_seconds
    try:
        async with gateway.open_calls.deadline(deadline) as timeout:
            watching.add_done_callback(lambda task: _gone(serving, timeout, patience, task))
            async for data in answer.relay():
                if serving.content:
                    serving.content.take(data)
                if serving.recall:
                    serving.recall.take(data)
                if serving.restorer:
                    data = serving.restorer.part(data)  # noqa: PLW2901  # nobody needs what it was
                await serving.exchange.send(data)
    except BrokenAnswerError as error:
        return error.error
    except TimeoutError:
        return UpstreamTimeoutError()
    finally:
        watching.cancel()
        await answer.close()
    return None


def _gone(
    serving: Serving, timeout: asyncio.Timeout, patience: float, watching: "asyncio.Task[None]"
) -> None:
    """Shorten the deadline to what we read on for an absent client."""
    when = timeout.when()
    if not watching.cancelled() and not timeout.expired() and when is not None:
        serving.client_gone = True
        with suppress(RuntimeError):  # the answer has ended in the same moment
            timeout.reschedule(min(when, asyncio.get_running_loop().time() + patience))
