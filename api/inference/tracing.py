"""The trace of a call: begun with its first header, handed on when it has ended."""

import time
from typing import Final

from adapters.traces.call_trace import CallTrace
from adapters.traces.traceparent import parse_traceparent, traceparent_of
from api.gateway import Gateway
from api.inference.serving import Serving
from domain.call_steps import END
from domain.catalog import AUTO

OK: Final = "ok"


def join_trace(gateway: Gateway, serving: Serving) -> None:
    """Have upstreams told of the trace that the call is part of, if the operator wants that."""
    if gateway.settings.pass_traceparent:
        parent = parse_traceparent(serving.exchange.headers.get(b"traceparent"))
        serving.steps.traceparent = traceparent_of(serving.request_id, parent)


async def note_trace(gateway: Gateway, serving: Serving, outcome: str) -> None:
    """Queue the trace of a call that has ended, with the code of what it failed with.

    Spans are the operator's, and there is one for each call; a customer's traces leave out what
    was sent by a secret that opens nothing.
    """
    serving.steps.begin(END)
    trace = trace_of(gateway, serving, None if outcome == OK else outcome)
    if gateway.telemetry is not None:
        gateway.telemetry.spans.add(trace)
    who = trace.identity
    if trace.held or who is None or not await gateway.dead_keys.hides(who, outcome):
        gateway.traces.add(trace)


def trace_of(gateway: Gateway, serving: Serving, code: str | None) -> CallTrace:
    """Say what is known of a call; all of it is only referred to."""
    call = serving.call
    settled = call.settlement if call else None
    return CallTrace(
        request_id=serving.request_id,
        identity=serving.identity,
        surface=serving.surface.name,
        requested=_requested(gateway, serving),
        answered=call.model.id if call and call.route else None,
        held=call is not None,
        status=serving.exchange.status,
        code=code,
        ended_ns=time.time_ns(),
        begun=serving.steps.begun,
        attempts=call.attempts if call else (),
        usage=settled.usage if settled else None,
        traceparent=serving.exchange.headers.get(b"traceparent"),
    )


def _requested(gateway: Gateway, serving: Serving) -> str | None:
    """Give the model's name unless it is no model's: a caller may have written anything there."""
    name, catalog = serving.requested, gateway.catalog
    known = name in catalog.models or name in catalog.aliases or name == AUTO
    return name if serving.call is not None or known else None
