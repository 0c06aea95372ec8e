"""Text completions at an OpenAI-compatible server: as they came, or as chat."""

import httpx

from adapters.protocols.openai_chat.stream import ChatStream
from adapters.protocols.openai_completions.request import CompletionsRequest, encode_request
from adapters.upstreams.answers import begin_stream, read_body
from adapters.upstreams.dialect import Lane, Outgoing
from adapters.upstreams.openai_chat import whole_chat
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import COMPLETIONS, Route
from domain.upstream import Answer, UpstreamCall

PATH = "/completions"


class NativeCompletions:
    """Completions as they came to the models that complete; only model and cap are ours."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url(PATH)
        self._headers = endpoint.headers

    def check(self, request: CompletionsRequest, route: Route, output_cap: int) -> None:
        """Accept everything: what completions can say, completions can carry."""

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model and cap."""
        body = encode_request(
            call.request, upstream_model=call.route.upstream_model, output_cap=call.output_cap
        )
        return Outgoing(self._url, self._headers, body)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Relay the bytes that come, and read the usage on the way: as chat reports it."""
        request: CompletionsRequest = call.request
        if request.stream:
            reader = ChatStream(wants_usage=request.wants_usage, choices=request.shown_choices)
            return await begin_stream(response, reader)
        return whole_chat(await read_body(response))


class CompletionsLane:
    """Chooses by what the model is for: most models only chat."""

    def __init__(self, native: Lane, chat: Lane) -> None:
        self._native = native
        self._chat = chat

    def check(self, request: CompletionsRequest, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError naming what cannot be carried."""
        self._lane(route).check(request, route, output_cap)

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the upstream's request."""
        return self._lane(call.route).write(call)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Read the answer."""
        return await self._lane(call.route).receive(call, response)

    def _lane(self, route: Route) -> Lane:
        return self._native if route.kind == COMPLETIONS else self._chat
