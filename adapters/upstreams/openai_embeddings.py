"""Embeddings at an OpenAI-compatible server, as they came."""

from typing import Any, cast

import httpx
import orjson

from adapters.protocols.openai_chat.text import dicts
from adapters.protocols.openai_chat.usage import read_usage
from adapters.protocols.openai_embeddings.request import EmbeddingsRequest
from adapters.upstreams.answers import WholeAnswer, failed, read_body
from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import Route
from domain.metering import Produced
from domain.upstream import Answer, UpstreamCall

PATH = "/embeddings"
NOTHING = Produced(lambda: False, lambda: 0)
"""Vectors are no tokens: only the input is billed."""


class NativeEmbeddings:
    """Embeddings as they came; only the model is ours."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def check(self, request: EmbeddingsRequest, route: Route, output_cap: int) -> None:
        """Accept everything."""

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the caller's body with our model."""
        request: EmbeddingsRequest = call.request
        fields = {**request.body, "model": call.route.upstream_model}
        return self._endpoint.outgoing(PATH, fields)

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Pass the vectors on, if there is one for each input."""
        request: EmbeddingsRequest = call.request
        body = await read_body(response)
        try:
            fields: object = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise failed() from error
        if len(list(dicts(fields, "data"))) != request.count:
            raise failed()
        answer = cast("dict[str, Any]", fields)
        return WholeAnswer(body, read_usage(answer.get("usage")), NOTHING)
