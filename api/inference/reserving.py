"""From a body to its hold; from the start again if the policies changed meanwhile."""

from typing import Final

from adapters.protocols.inbound import InboundRequest
from api.gateway import Gateway
from api.inference.content_log import content_of
from api.inference.context import in_context
from api.inference.holding import hold_of
from api.inference.idempotency import claim_of
from api.inference.limiting import admit, withdraw
from api.inference.preparing import prepare
from api.inference.serving import Serving
from api.inference.window import Fitted
from domain.access import SHUT
from domain.call_policy import PolicyChangedError
from domain.call_steps import LIMITS, POLICIES, QUOTE, RESERVE
from domain.errors import PermissionDeniedError
from domain.reserve_call import Claim, Identity, Reservation

TRIES: Final = 5
"""How often policies may change under one call before it is refused."""

_SHUT_OUT: Final = (*SHUT, PermissionDeniedError)
"""The secret may not call at all; any other refusal counts, for it is an answer to a customer."""


async def reserve(
    gateway: Gateway, serving: Serving, identity: Identity, raw: bytes
) -> tuple[InboundRequest, Reservation]:
    """Prepare a call by its customer's policies and hold for it, or raise the refusal.

    The hold is decided only if those policies still stand, so each call obeys the latest.
    """
    claim = claim_of(serving.exchange.headers, identity, raw)
    for _ in range(TRIES):
        try:
            return await _try(gateway, serving, identity, raw, claim)
        except PolicyChangedError:
            gateway.policies.forget(identity.customer_id)
    raise PolicyChangedError


async def _try(
    gateway: Gateway, serving: Serving, identity: Identity, raw: bytes, claim: Claim | None
) -> tuple[InboundRequest, Reservation]:
    serving.steps.begin(POLICIES)
    policy = await gateway.policies.of(identity.customer_id)
    headers = serving.exchange.headers
    terms = await gateway.policies.terms_of(policy.security)
    prepared = await prepare(raw, policy, terms, gateway.settings.tag_names)
    serving.restorer = prepared.restorer
    serving.content = content_of(serving, identity, policy.security)
    serving.steps.begin(QUOTE)
    request = serving.surface.decode(prepared.body, headers)
    serving.requested = request.model
    whole = Fitted(request, prepared.body)
    request = await in_context(gateway, serving, identity, policy.context, whole)
    command = await hold_of(
        gateway, serving, identity, request, claim=claim, policy_version=policy.version
    )
    if serving.admission is None:
        serving.steps.begin(LIMITS)
        await admit(gateway, serving, command)
    serving.steps.begin(RESERVE)
    try:
        reservation = await gateway.calls.reserve(command)
    except _SHUT_OUT:
        withdraw(gateway, serving)
        raise
    serving.conversation_id = command.conversation_id
    return request, reservation
