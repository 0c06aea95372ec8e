"""Any OpenAI-compatible server: its own protocols passed on, every other one converted."""

from typing import Any, cast

import httpx

from adapters.upstreams.converting import ConvertingLane
from adapters.upstreams.dialect import Dialect, Fault, Lane
from adapters.upstreams.openai_chat import ChatCodec, NativeChat
from adapters.upstreams.openai_completions import CompletionsLane, NativeCompletions
from adapters.upstreams.openai_embeddings import NativeEmbeddings
from adapters.upstreams.openai_endpoint import CHAT, RESPONSES, Endpoint
from adapters.upstreams.openai_responses import NativeResponses, ResponsesCodec


def openai_dialect(endpoint: Endpoint) -> Dialect:
    """Speak to an OpenAI-compatible server."""
    if endpoint.apis[0] == RESPONSES:
        converting = ConvertingLane(ResponsesCodec(endpoint), has_custom_tools=True)
    else:
        converting = ConvertingLane(ChatCodec(endpoint))
    native: dict[str, Lane] = {
        "openai_completions": CompletionsLane(NativeCompletions(endpoint), converting),
        "openai_embeddings": NativeEmbeddings(endpoint),
    }
    if CHAT in endpoint.apis:
        native["openai_chat"] = NativeChat(endpoint)
    if RESPONSES in endpoint.apis:
        native["openai_responses"] = NativeResponses(endpoint)
    return Dialect(native, converting, read_fault)


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the error's code and parameter."""
    error = cast("dict[str, Any]", fields).get("error") if isinstance(fields, dict) else None
    if not isinstance(error, dict):
        return Fault()
    named = cast("dict[str, Any]", error)
    return Fault(named.get("code"), named.get("param"))
