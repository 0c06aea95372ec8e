"""POST /v1/chat/completions: held, called, charged, and only then finished.

credential ─▶ body ─▶ model ─▶ estimate ─▶ RESERVE ─▶ upstream ─▶ relay ─▶ CHARGE ─▶ last bytes
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

import orjson

from adapters.protocols.openai_chat.estimate import estimate_prompt
from adapters.protocols.openai_chat.request import ChatRequest, decode_request
from adapters.upstreams.chat_answers import StreamAnswer, WholeAnswer
from api.exchange import ClientGoneError, Exchange, Receive, Scope, Send
from api.gateway import Gateway, clock_ms
from api.inference.errors import InternalError, describe, render
from api.inference.idempotency import claim_of
from api.inference.metadata import (
    billing_headers,
    metadata_of,
    routing_headers,
    tail_of_stream,
    with_metadata,
)
from api.inference.profile import Profile
from domain import ids
from domain.catalog import CHAT, Model
from domain.errors import GatewayError, UpstreamFailureError, UpstreamTimeoutError
from domain.metered_call import MeteredCall
from domain.metering import Estimate
from domain.quote import Quote
from domain.reserve_call import Claim, Identity, ReserveCall
from domain.tags import tags_of
from domain.upstream import BrokenAnswerError

LARGE_BODY_BYTES = 64 * 1024
"""Prompts beyond this are counted off the event loop."""
JSON = (b"content-type", b"application/json")
SSE = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]

_log = logging.getLogger("tollbook.calls")


@dataclass(slots=True)
class Serving:
    """One call being served, and what its log line will say."""

    exchange: Exchange
    request_id: UUID
    profile: Profile
    started: int
    call: MeteredCall | None = None
    client_gone: bool = False

    @property
    def public_id(self) -> str:
        """The money key as the outside sees it."""
        return ids.public(ids.REQUEST, self.request_id)

    @property
    def id_headers(self) -> list[tuple[bytes, bytes]]:
        """The caller's id if it sent a valid one, and always ours."""
        ours = self.public_id
        return [
            (b"x-request-id", (self.exchange.client_request_id or ours).encode()),
            (b"x-gateway-request-id", ours.encode()),
        ]


class ChatEndpoint:
    """The endpoint as a bare ASGI application, so that no framework sits on the hot path."""

    def __init__(self, gateway: Gateway, profile: Profile) -> None:
        self._gateway = gateway
        self._profile = profile
        self._tag_names = gateway.settings.tag_names
        self._hold_for = timedelta(seconds=gateway.settings.hold_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call in a task that outlives its caller."""
        exchange = Exchange(scope, receive, send)
        serving = Serving(exchange, self._gateway.mint(), self._profile, clock_ms())
        await self._gateway.open_calls.run(self._serve(serving))

    async def _serve(self, serving: Serving) -> None:
        """Answer whatever happens; a hold that is still open in the end is released."""
        outcome = "ok"
        try:
            await self._answer(serving)
        except ClientGoneError:
            outcome = "client_gone"
        except GatewayError as error:
            outcome = error.code
            await self._refuse(serving, error)
        except Exception:  # noqa: BLE001  # the outermost loop of a call: logged with its trace
            outcome = InternalError.code
            _log.exception("a call failed", extra={"request_id": serving.public_id})
            await self._refuse(serving, InternalError())
        finally:
            if serving.call is not None and not serving.call.ended:
                await serving.call.release("internal_error")
            self._record(serving, outcome)

    def _record(self, serving: Serving, outcome: str) -> None:
        """Count the call and write its log line, which names ids and figures only."""
        call = serving.call
        milliseconds = clock_ms() - serving.started
        first_byte_ms = call.first_byte_ms if call else None
        self._gateway.metrics.call_ended(outcome, milliseconds, first_byte_ms)
        self._gateway.call_log.write(
            request_id=serving.public_id,
            client_request_id=serving.exchange.client_request_id,
            surface=serving.profile.surface,
            outcome=outcome,
            model=call.model.id if call else None,
            provider=call.route.provider if call and call.route else None,
            nanos=call.settlement.amount if call and call.settlement else None,
            first_byte_ms=first_byte_ms,
            milliseconds=milliseconds,
        )

    async def _answer(self, serving: Serving) -> None:
        identity = await self._gateway.authenticator.identify(serving.exchange.headers)
        raw = await serving.exchange.body(self._gateway.settings.max_body_bytes)
        request = decode_request(raw)
        model = self._gateway.catalog.find(request.model, CHAT)
        estimate = await _estimate(request, model)
        claim = claim_of(serving.exchange.headers, identity, raw)
        command = self._hold(
            serving, identity, request, model=model, estimate=estimate, claim=claim
        )
        reservation = await self._gateway.calls.reserve(command)
        call = serving.call = self._gateway.meter(model, estimate, reservation)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._gateway.settings.call_deadline_seconds
        try:
            async with self._gateway.open_calls.deadline(deadline):
                answer = await call.dispatch(request)
        except TimeoutError:
            if not call.ended:
                await call.release(UpstreamTimeoutError.code)
            raise UpstreamTimeoutError from None
        if isinstance(answer, StreamAnswer):
            await self._stream(serving, call, answer, deadline)
        else:
            await self._whole(serving, call, cast("WholeAnswer", answer))

    def _hold(
        self,
        serving: Serving,
        identity: Identity,
        request: ChatRequest,
        *,
        model: Model,
        estimate: Estimate,
        claim: Claim | None,
    ) -> ReserveCall:
        """Size the hold: the estimated prompt, and the caller's cap or the default one."""
        asked = request.output_cap
        cap = asked or self._gateway.settings.default_output_tokens
        quote = Quote(
            input_tokens=estimate.hold,
            output_cap=min(cap, model.max_output_tokens),
            clamps=asked is None,
            choices=request.choices,
        )
        return ReserveCall(
            serving.request_id,
            identity,
            model.id,
            model.providers,
            quote,
            serving.profile.surface,
            self._hold_for,
            serving.exchange.client_request_id,
            claim,
            tags_of(request.fields.metadata, self._tag_names),
        )

    async def _whole(self, serving: Serving, call: MeteredCall, answer: WholeAnswer) -> None:
        """Charge, then send the answer: as it came, but for JoyToken's metadata."""
        await call.charge(answer, complete=True)
        headers = [
            JSON,
            *serving.id_headers,
            *routing_headers(call),
            *billing_headers(call.settlement),
        ]
        body = answer.body
        if serving.profile.joytoken:
            body = with_metadata(body, metadata_of(call, serving.public_id))
        await serving.exchange.answer(200, headers, body)

    async def _stream(
        self, serving: Serving, call: MeteredCall, answer: StreamAnswer, deadline: float
    ) -> None:
        """Relay a stream; its last bytes leave only after the charge."""
        exchange = serving.exchange
        await exchange.start(200, [*SSE, *serving.id_headers, *routing_headers(call)])
        broken = await self._relay(serving, answer, deadline)
        if broken and self._forgives(serving, answer):
            await call.forgive(answer, broken.code)
        else:
            await call.charge(answer, complete=broken is None)
        if broken:
            tail = _error_event(broken, serving)
        else:
            tail = tail_of_stream(call, serving.profile, serving.public_id, answer)
        await exchange.send(tail, last=True)

    def _forgives(self, serving: Serving, answer: StreamAnswer) -> bool:
        """Whether a broken answer costs nothing: by policy, or because it never said anything.

        A client that left before its answer was over has no claim to that.
        """
        by_policy = self._gateway.settings.broken_stream == "release"
        return not serving.client_gone and (by_policy or not answer.produced.anything())

    async def _relay(
        self, serving: Serving, answer: StreamAnswer, deadline: float
    ) -> UpstreamFailureError | None:
        """Pass on what comes; after the client has gone, read on for a while for the usage."""
        watching = asyncio.create_task(serving.exchange.gone())
        try:
            async with self._gateway.open_calls.deadline(deadline) as timeout:
                watching.add_done_callback(lambda task: self._gone(serving, timeout, task))
                async for data in answer.relay():
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
        self, serving: Serving, timeout: asyncio.Timeout, watching: "asyncio.Task[None]"
    ) -> None:
        """Shorten the deadline to what we read on for an absent client."""
        when = timeout.when()
        if not watching.cancelled() and not timeout.expired() and when is not None:
            serving.client_gone = True
            patience = self._gateway.settings.abandoned_seconds
            timeout.reschedule(min(when, asyncio.get_running_loop().time() + patience))

    async def _refuse(self, serving: Serving, error: GatewayError) -> None:
        """Answer with an error, in the stream if that has begun."""
        if serving.exchange.started:
            await serving.exchange.send(_error_event(error, serving), last=True)
            return
        status, headers, body = render(
            error,
            serving.profile,
            serving.public_id,
            funds_status=self._gateway.settings.insufficient_balance_status,
        )
        await serving.exchange.answer(status, [*headers, *serving.id_headers], body)


async def _estimate(request: ChatRequest, model: Model) -> Estimate:
    if request.size <= LARGE_BODY_BYTES:
        return estimate_prompt(request, model.context_tokens)
    return await asyncio.to_thread(estimate_prompt, request, model.context_tokens)


def _error_event(error: GatewayError, serving: Serving) -> bytes:
    written = describe(error, serving.profile, serving.public_id)
    return b"data: " + orjson.dumps({"error": written}) + b"\n\n"
