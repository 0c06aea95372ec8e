"""A provider over HTTP: what goes out and what comes back is its dialect's business."""

from typing import Any, Final

import httpx

from adapters.upstreams.answers import read_body
from adapters.upstreams.dialect import Dialect, Outgoing
from adapters.upstreams.failures import failure_of_answer, failure_of_transport
from domain.catalog import Route
from domain.errors import InvalidRequestError
from domain.upstream import Answer, AttemptError, UpstreamCall

OK: Final = 200


class HttpProvider:
    """Sends calls, and sorts what comes back into answers and failures."""

    def __init__(self, dialect: Dialect, transport: httpx.AsyncBaseTransport) -> None:
        self._dialect = dialect
        self._transport = transport

    def check(self, request: Any, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError naming what this protocol cannot carry."""
        self._dialect.lane(request).check(request, route, output_cap)

    async def send(self, call: UpstreamCall) -> Answer:
        """Send a call and wait for its whole answer, or for a stream's first event."""
        lane = self._dialect.lane(call.request)
        try:
            outgoing = lane.write(call)
        except InvalidRequestError as refused:
            # It was checked before the hold, so this is for what nobody thought of there.
            raise AttemptError("not_carried", refused) from refused
        response = await self._post(outgoing, call.traceparent)
        if response.status_code != OK:
            raise await failure_of_answer(response, self._dialect.read_fault)
        return await lane.receive(call, response)

    async def count(self, request: Any, route: Route) -> int | None:
        """Have the provider count a prompt's tokens; None where it cannot, raises AttemptError."""
        counter = self._dialect.counter
        if counter is None or not counter.counts(request):
            return None
        response = await self._post(counter.write_count(request, route))
        if response.status_code != OK:
            raise await failure_of_answer(response, self._dialect.read_fault)
        return counter.read_count(await read_body(response))

    async def _post(self, outgoing: Outgoing, traceparent: str | None = None) -> httpx.Response:
        # Not among what a dialect has signed: a proxy on the way may change it.
        traced = [(b"traceparent", traceparent.encode())] if traceparent else []
        request = httpx.Request(
            "POST",
            outgoing.url,
            headers=[*outgoing.headers, *traced],
            stream=httpx.ByteStream(outgoing.body),
        )
        try:
            return await self._transport.handle_async_request(request)
        except httpx.TransportError as error:
            raise failure_of_transport(error) from error
