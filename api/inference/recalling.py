"""A customer's answers given again: looked for after the hold, kept before the last bytes leave.

Nobody waits for anyone: the same call twice at once asks a provider twice, and the later answer is
kept. A cache that cannot be reached is as one without the answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from functools import partial
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import orjson
import psycopg

from adapters.answer_cache.kept_stream import KeptStream
from adapters.answer_cache.postgres import Place
from adapters.protocols.prompt_size import off_loop
from adapters.upstreams.answers import WholeAnswer
from api.gateway import Gateway
from api.inference.recall import Recall
from api.inference.serving import Serving
from api.inference.window import Fitted
from domain.metered_call import MeteredCall

PATIENCE_SECONDS: Final = 1.0
"""So long a call waits for the cache."""
_READ: Final = (b"anthropic-version", b"anthropic-beta")
"""Headers that change what a provider answers."""

_log = logging.getLogger("tollbook.calls")

T = TypeVar("T")


async def recall_of(
    gateway: Gateway,
    serving: Serving,
    customer_id: UUID,
    fitted: Fitted,
    seconds: int,
) -> Recall:
    """Name the call by all that its answer depends on: its body as it goes on from here."""
    key = await off_loop(len(fitted.body), partial(_key, serving, fitted))
    return Recall(gateway.answers, Place(customer_id, key, seconds), fitted.request.stream)


async def recalled(serving: Serving, call: MeteredCall) -> WholeAnswer | KeptStream | None:
    """Find an answer that may be given again instead of asking a provider."""
    recall = serving.recall
    if recall is None:
        return None
    kept = await _reached(recall.answers.find(recall.place), serving)
    if kept is None or not call.recall(kept.origin):
        return None
    if recall.stream:
        return KeptStream(kept, tells_metadata=serving.surface.joytoken)
    return WholeAnswer(kept.body, KeptStream.report, KeptStream.produced)


async def keep(serving: Serving, call: MeteredCall, tail: bytes = b"") -> None:
    """Keep a charged answer, if its customer wants that and it is one that may be kept."""
    recall, origin = serving.recall, call.keepable
    if recall is None or origin is None:
        return
    kept = recall.kept(origin, tail)
    if kept is not None:
        await _reached(recall.answers.keep(recall.place, kept), serving)


def _key(serving: Serving, fitted: Fitted) -> bytes:
    headers: Mapping[bytes, bytes] = serving.exchange.headers
    read = [headers.get(name, b"").decode("latin-1") for name in _READ]
    asked = orjson.dumps([serving.surface.name, fitted.request.stream, *read])
    canonical = orjson.dumps(orjson.loads(fitted.body), option=orjson.OPT_SORT_KEYS)
    return sha256(asked + b"\n" + canonical).digest()


async def _reached(work: Awaitable[T], serving: Serving) -> T | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await work
    except (psycopg.Error, TimeoutError) as error:
        told = {"request_id": serving.public_id, "error": type(error).__name__}
        _log.warning("the answer cache was not reached", extra=told)
        return None
