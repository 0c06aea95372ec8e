"""An inference endpoint: held, called, charged, and only then finished.

credential ─▶ body ─▶ policies ─▶ model ─▶ RESERVE ─▶ upstream ─▶ relay ─▶ CHARGE ─▶ last bytes
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import cast

from adapters.answer_cache.kept_stream import KeptStream
from adapters.upstreams.answers import StreamAnswer, WholeAnswer
from api.errors import InternalError
from api.exchange import ClientGoneError, Exchange, Receive, Scope, Send
from api.gateway import Gateway, clock_ms
from api.inference.answering import answer_stream, answer_whole
from api.inference.content_log import note_content
from api.inference.limiting import correct_limits
from api.inference.recalling import recalled
from api.inference.reserving import reserve
from api.inference.serving import Serving
from api.inference.surface import Surface
from api.inference.tracing import join_trace, note_trace
from domain.call_steps import BODY, REFUSE
from domain.errors import GatewayError, UpstreamTimeoutError

_log = logging.getLogger("tollbook.calls")


class Endpoint:
    """A surface as a bare ASGI application, so that no framework sits on the hot path."""

    def __init__(self, gateway: Gateway, surface: Surface) -> None:
        self._gateway = gateway
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call in a task that outlives its caller."""
        exchange = Exchange(scope, receive, send)
        serving = Serving(exchange, self._gateway.mint(), self._surface, clock_ms())
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
            correct_limits(self._gateway, serving)
            self._record(serving, outcome)
            await note_trace(self._gateway, serving, outcome)

    def _record(self, serving: Serving, outcome: str) -> None:
        """Count the call, and write its log line, which names ids and figures only."""
        call = serving.call
        milliseconds = clock_ms() - serving.started
        first_byte_ms = call.first_byte_ms if call else None
        self._gateway.metrics.call_ended(outcome, milliseconds, first_byte_ms)
        self._gateway.call_log.write(
            request_id=serving.public_id,
            client_request_id=serving.exchange.client_request_id,
            surface=serving.surface.name,
            outcome=outcome,
            model=call.model.id if call else None,
            provider=call.route.provider if call and call.route else None,
            nanos=call.settlement.amount if call and call.settlement else None,
            first_byte_ms=first_byte_ms,
            milliseconds=milliseconds,
        )
        note_content(self._gateway, serving)

    async def _answer(self, serving: Serving) -> None:
        gateway, exchange = self._gateway, serving.exchange
        join_trace(gateway, serving)
        identity = await gateway.authenticator.identify(exchange.headers)
        serving.identity = identity
        serving.steps.begin(BODY)
        raw = await exchange.body(gateway.settings.max_body_bytes)
        request, reservation = await reserve(gateway, serving, identity, raw)
        gateway.limiter.learn(identity, reservation.limits)
        call = serving.call = gateway.meter(reservation, serving.steps)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + gateway.settings.call_deadline_seconds
        try:
            async with gateway.open_calls.deadline(deadline):
                answer = await recalled(serving, call) or await call.dispatch(request)
        except TimeoutError:
            if not call.ended:
                await call.release(UpstreamTimeoutError.code)
            raise UpstreamTimeoutError from None
        if isinstance(answer, StreamAnswer | KeptStream):
            await answer_stream(gateway, serving, call, answer, deadline)
        else:
            await answer_whole(serving, call, cast("WholeAnswer", answer))

    async def _refuse(self, serving: Serving, error: GatewayError) -> None:
        """Answer with an error, in the stream if that has begun."""
        serving.steps.begin(REFUSE)
        tell = self._event if serving.exchange.started else self._answer_with
        try:
            send = tell(serving, error)
        except Exception:  # noqa: BLE001  # nothing was sent yet: logged with its trace
            _log.exception("an error could not be told", extra={"request_id": serving.public_id})
            send = tell(serving, InternalError())
        await send

    def _event(self, serving: Serving, error: GatewayError) -> Awaitable[None]:
        event = serving.surface.errors.event(error, serving.public_id)
        return serving.exchange.send(event, last=True)

    def _answer_with(self, serving: Serving, error: GatewayError) -> Awaitable[None]:
        surface = serving.surface
        funds_status = surface.funds_status(self._gateway.settings)
        status, headers, body = surface.errors.render(
            error, serving.public_id, funds_status=funds_status
        )
        return serving.exchange.answer(status, [*headers, *serving.id_headers], body)
