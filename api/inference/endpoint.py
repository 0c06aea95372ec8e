"""An inference endpoint: held, called, charged, and only then finished.

credential ─▶ body ─▶ model ─▶ estimate ─▶ RESERVE ─▶ upstream ─▶ relay ─▶ CHARGE ─▶ last bytes
"""

import asyncio
import logging
from datetime import timedelta
from typing import cast

from adapters.protocols.inbound import InboundRequest
from adapters.upstreams.answers import StreamAnswer, WholeAnswer
from api.exchange import ClientGoneError, Exchange, Receive, Scope, Send
from api.gateway import Gateway, clock_ms
from api.inference.answering import answer_stream, answer_whole
from api.inference.errors import InternalError
from api.inference.idempotency import claim_of
from api.inference.serving import Serving
from api.inference.surface import Surface
from domain.catalog import Model
from domain.errors import GatewayError, UpstreamTimeoutError
from domain.metering import Estimate
from domain.quote import Quote
from domain.reserve_call import Claim, Identity, ReserveCall
from domain.tags import tags_of

_log = logging.getLogger("tollbook.calls")


class Endpoint:
    """A surface as a bare ASGI application, so that no framework sits on the hot path."""

    def __init__(self, gateway: Gateway, surface: Surface) -> None:
        self._gateway = gateway
        self._surface = surface
        self._tag_names = gateway.settings.tag_names
        self._hold_for = timedelta(seconds=gateway.settings.hold_seconds)

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
            surface=serving.surface.name,
            outcome=outcome,
            model=call.model.id if call else None,
            provider=call.route.provider if call and call.route else None,
            nanos=call.settlement.amount if call and call.settlement else None,
            first_byte_ms=first_byte_ms,
            milliseconds=milliseconds,
        )

    async def _answer(self, serving: Serving) -> None:
        gateway, headers = self._gateway, serving.exchange.headers
        identity = await gateway.authenticator.identify(headers)
        raw = await serving.exchange.body(gateway.settings.max_body_bytes)
        request = self._surface.decode(raw, headers)
        model = gateway.catalog.find(request.model, self._surface.kinds)
        estimate = await gateway.estimate(request, model)
        claim = claim_of(headers, identity, raw)
        command = self._hold(
            serving, identity, request, model=model, estimate=estimate, claim=claim
        )
        reservation = await gateway.calls.reserve(command)
        call = serving.call = gateway.meter(model, estimate, reservation)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + gateway.settings.call_deadline_seconds
        try:
            async with gateway.open_calls.deadline(deadline):
                answer = await call.dispatch(request)
        except TimeoutError:
            if not call.ended:
                await call.release(UpstreamTimeoutError.code)
            raise UpstreamTimeoutError from None
        if isinstance(answer, StreamAnswer):
            await answer_stream(gateway, serving, call, answer, deadline)
        else:
            await answer_whole(serving, call, cast("WholeAnswer", answer))

    def _hold(
        self,
        serving: Serving,
        identity: Identity,
        request: InboundRequest,
        *,
        model: Model,
        estimate: Estimate,
        claim: Claim | None,
    ) -> ReserveCall:
        """Size the hold: the estimated prompt, and the caller's cap or the default one."""
        asked = request.output_cap
        cap = self._gateway.settings.default_output_tokens if asked is None else asked
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
            serving.surface.name,
            self._hold_for,
            serving.exchange.client_request_id,
            claim,
            tags_of(request.tags, self._tag_names),
        )

    async def _refuse(self, serving: Serving, error: GatewayError) -> None:
        """Answer with an error, in the stream if that has begun."""
        errors = serving.surface.errors
        if serving.exchange.started:
            await serving.exchange.send(errors.event(error, serving.public_id), last=True)
            return
        status, headers, body = errors.render(
            error,
            serving.public_id,
            funds_status=self._gateway.settings.insufficient_balance_status,
        )
        await serving.exchange.answer(status, [*headers, *serving.id_headers], body)
