"""POST /v1/responses/input_tokens: how large a prompt is, by our own estimate and for nothing."""

from typing import Final

from fastapi import APIRouter, Request, Response

from adapters.protocols.openai_responses.request import ResponsesRequest, decode_request
from adapters.protocols.prompt_size import measure_off_loop
from api.gateway import Gateway
from api.inference.allowed_model import AllowedModel
from api.inference.counting import Answered, serve_count
from api.inference.responses import V1

PATH: Final = "/v1/responses/input_tokens"

router = APIRouter()


@router.post(PATH)
async def count_input_tokens(request: Request) -> Response:
    """Count as for a hold, without its margin; what a provider adds unseen is not in it."""
    return await serve_count(request, V1, decode_request, _count)


async def _count(gateway: Gateway, asked: ResponsesRequest, allowed: AllowedModel) -> Answered:
    model = allowed.model
    size = await measure_off_loop(asked.size, asked.prompt_parts)
    count = size.estimate(model.context_tokens, model.margin).count
    return {"object": "response.input_tokens", "input_tokens": count}, []
