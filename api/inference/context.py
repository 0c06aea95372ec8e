"""What a customer's context configuration does to a call before its hold."""

from adapters.protocols.inbound import InboundRequest
from api.gateway import Gateway
from api.inference.recalling import recall_of
from api.inference.serving import Serving
from api.inference.window import Fitted, fit_window
from domain.context_policy import ContextPolicy
from domain.reserve_call import Identity


async def in_context(
    gateway: Gateway,
    serving: Serving,
    identity: Identity,
    context: ContextPolicy,
    whole: Fitted,
) -> InboundRequest:
    """Bring a request within its customer's window, and name it if its answer may be kept.

    Raises BeyondWindowError if that is not enough.
    """
    fitted = whole
    if context.window_tokens is not None:
        fitted = await fit_window(
            serving.surface, serving.exchange.headers, whole, context.window_tokens
        )
    if serving.content:
        serving.content.ask(fitted.body)
    serving.dropped, serving.recall = fitted.dropped, None
    if context.cache_seconds is not None:
        serving.recall = await recall_of(
            gateway, serving, identity.customer_id, fitted, context.cache_seconds
        )
    return fitted.request
