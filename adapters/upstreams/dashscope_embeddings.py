"""Embeddings of DashScope for callers who ask for them as OpenAI's clients do."""

from typing import Any, Final, cast

import httpx
import orjson

from adapters.protocols.dashscope.usage import read_usage
from adapters.protocols.openai_embeddings.answer import encode_embeddings
from adapters.protocols.openai_embeddings.request import EmbeddingsRequest
from adapters.protocols.prompt_size import measure
from adapters.upstreams.answers import WholeAnswer, failed, read_body
from adapters.upstreams.dashscope_faults import fault_within
from adapters.upstreams.dashscope_server import DashScopeServer
from adapters.upstreams.dialect import Outgoing
from domain.catalog import Route
from domain.metering import Produced
from domain.upstream import Answer, UpstreamCall

PATH: Final = "/services/embeddings/text-embedding/text-embedding"


class EmbeddingsLane:
    """Texts in, vectors out; it knows no tokens and no base64."""

    def __init__(self, server: DashScopeServer) -> None:
        self._server = server

    def check(self, request: EmbeddingsRequest, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError for tokens in place of text."""
        request.texts()

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the upstream's request."""
        request: EmbeddingsRequest = call.request
        fields: dict[str, Any] = {
            "model": call.route.upstream_model,
            "input": {"texts": request.texts()},
        }
        if request.dimensions is not None:
            fields["parameters"] = {"dimension": request.dimensions}
        return self._server.outgoing(PATH, orjson.dumps(fields))

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Read the vectors and write them as the caller wants them."""
        request: EmbeddingsRequest = call.request
        fields = _object_in(await read_body(response))
        vectors = _vectors_in(fields, request.count)
        report = read_usage(fields.get("usage"))
        tokens = report.usage.input_tokens if report.usage else 0
        body = encode_embeddings(
            request,
            vectors,
            model=call.model,
            # What is told is what is charged: our count, as it was made before the call.
            prompt_tokens=tokens or measure(request.prompt_parts()).text_tokens,
        )
        return WholeAnswer(body, report, Produced(lambda: False, lambda: 0))


def _object_in(body: bytes) -> dict[str, Any]:
    if fault := fault_within(body):
        raise fault
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    if not isinstance(fields, dict):
        raise failed()
    return cast("dict[str, Any]", fields)


def _vectors_in(fields: dict[str, Any], count: int) -> list[list[float]]:
    """Put the vectors into the order of the texts, or raise AttemptError."""
    output = fields.get("output")
    listed = cast("dict[str, Any]", output).get("embeddings") if isinstance(output, dict) else None
    found: dict[int, list[float]] = {}
    for item in _dicts_in(listed):
        index, embedding = item.get("text_index"), item.get("embedding")
        if type(index) is int and _is_vector(embedding):
            found[index] = cast("list[float]", embedding)
    if found.keys() != set(range(count)):
        raise failed()
    return [found[index] for index in range(count)]


def _dicts_in(listed: object) -> list[dict[str, Any]]:
    items = cast("list[object]", listed) if isinstance(listed, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _is_vector(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and all(type(item) in {int, float} for item in items)
