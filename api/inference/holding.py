"""What a call is held for: the models that it may go to, and what it comes to with each."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from adapters.protocols.inbound import InboundRequest
from adapters.protocols.media import Audio, Document, Image
from adapters.protocols.prompt_size import PromptSize, measure_off_loop, off_loop
from api.gateway import Gateway
from api.inference.conversation import conversation_of
from api.inference.serving import Serving
from api.inference.surface import Surface
from domain.admission import Asked
from domain.candidates import Candidate, Needs, capable, rank
from domain.catalog import STANDARD, Choice, Model, Route
from domain.errors import InvalidRequestError
from domain.quote import Quote
from domain.reserve_call import Claim, Identity, ReserveCall
from domain.tags import tags_of


async def hold_of(
    gateway: Gateway,
    serving: Serving,
    identity: Identity,
    request: InboundRequest,
    *,
    claim: Claim | None = None,
    policy_version: int = 0,
) -> ReserveCall:
    """Find the models that can take a call and size it for each.

    Raises ModelNotFoundError, MissingCapabilityError, ContextLengthError, or InvalidRequestError
    if every route would have to leave something out.
    """
    asked = await asked_of(gateway, serving.surface, request)
    return ReserveCall(
        serving.request_id,
        identity,
        asked.requested,
        asked.candidates,
        serving.surface.name,
        timedelta(seconds=gateway.settings.hold_seconds),
        serving.exchange.client_request_id,
        claim,
        tags_of(request.tags, gateway.settings.tag_names),
        asked.open_choice,
        policy_version,
        conversation_of(serving.exchange.headers, identity),
    )


async def asked_of(gateway: Gateway, surface: Surface, request: InboundRequest) -> Asked:
    """Find the models that can take a request and size it for each; raises what `hold_of` does."""
    choice = _choice(gateway, surface, request)
    size = await measure_off_loop(request.size, request.prompt_parts)
    models = capable(choice, needs_of(request, size, choice))
    candidates = await off_loop(request.size, partial(_candidates, gateway, request, models, size))
    ranked = rank(candidates, choice.strategy, gateway.upstreams.breakers)
    return Asked(choice.requested, ranked, choice.open)


def needs_of(request: InboundRequest, size: PromptSize, choice: Choice) -> Needs:
    """Tell what a request asks of a model.

    Whether it fits the context is only asked where there is a choice: our count is no exact one.
    """
    media = {type(item) for item in size.parts.media}
    return Needs(
        tools=size.parts.tools > 0,
        images=Image in media,
        documents=Document in media,
        audio=Audio in media,
        json_schema=size.parts.json_schema,
        reasoning=size.parts.reasoning,
        context_tokens=size.text_tokens if choice.open else 0,
    )


def _choice(gateway: Gateway, surface: Surface, request: InboundRequest) -> Choice:
    return gateway.catalog.choose(request.model, surface.kinds, request.tier or STANDARD)


def _candidates(
    gateway: Gateway, request: InboundRequest, models: Sequence[Model], size: PromptSize
) -> list[Candidate]:
    """Keep the models that the request fits, and a route of which carries the whole of it.

    Raises why there are none.
    """
    candidates: list[Candidate] = []
    refusal: InvalidRequestError | None = None
    for model in models:
        try:
            size.check_fits(model.context_tokens)
            candidates.append(_candidate(gateway, request, model, size))
        except InvalidRequestError as refused:
            refusal = refusal or refused
    if refusal and not candidates:
        raise refusal
    return candidates


def _carrying(
    gateway: Gateway, request: InboundRequest, known: Sequence[Route], output_cap: int
) -> tuple[Route, ...]:
    """Keep the routes whose protocol carries the whole request, or raise what the first cannot."""
    routes: list[Route] = []
    refusal: InvalidRequestError | None = None
    for route in known:
        try:
            gateway.upstreams.providers[route.provider].check(request, route, output_cap)
        except InvalidRequestError as refused:
            refusal = refusal or refused
        else:
            routes.append(route)
    if refusal and not routes:
        raise refusal
    return tuple(routes)


def _candidate(
    gateway: Gateway, request: InboundRequest, model: Model, size: PromptSize
) -> Candidate:
    """Size the call for a model: the estimated prompt, and the caller's cap or the default one."""
    estimate = size.estimate(model.context_tokens, model.margin)
    asked, default = request.output_cap, gateway.settings.default_output_tokens
    wanted = request.default_cap or default if asked is None else asked
    cap = min(wanted, model.max_output_tokens)
    routes = _carrying(gateway, request, model.routes, cap)
    # Thoughts may need room. Where a low cap leaves none, too little money is no smaller answer.
    shrinks = asked is None and not (size.parts.reasoning and _needs_room(gateway, request, routes))
    quote = Quote(
        input_tokens=estimate.hold,
        output_cap=cap,
        clamps=shrinks,
        choices=request.choices,
        service_tier=request.service_tier,
        extras=request.extras,
    )
    return Candidate(model, routes, quote, estimate)


def _needs_room(gateway: Gateway, request: InboundRequest, routes: Sequence[Route]) -> bool:
    """Tell whether a route can only carry the request with more than the least to answer."""
    try:
        return len(_carrying(gateway, request, routes, 1)) < len(routes)
    except InvalidRequestError:
        return True
