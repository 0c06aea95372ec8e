"""Every protocol that we speak, one row each: a new one is a new row."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.protocols.anthropic.request import decode_request as decode_messages
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.canonical.custom_tools import with_functions
from adapters.protocols.dashscope.request import decode_text
from adapters.protocols.inbound import InboundRequest
from adapters.protocols.openai_chat.request import decode_request as decode_chat
from adapters.protocols.openai_responses.request import decode_request as decode_responses
from adapters.upstreams.anthropic import AnthropicEndpoint, MessagesCodec
from adapters.upstreams.bedrock import BedrockCodec
from adapters.upstreams.converting import UpstreamCodec
from adapters.upstreams.dashscope import DashScopeCodec
from adapters.upstreams.dashscope_server import DashScopeServer
from adapters.upstreams.gemini import GeminiCodec
from adapters.upstreams.gemini_server import GeminiServer
from adapters.upstreams.openai_chat import ChatCodec
from adapters.upstreams.openai_endpoint import Endpoint
from adapters.upstreams.openai_responses import ResponsesCodec
from domain.catalog import Route

Decode = Callable[[bytes, Mapping[bytes, bytes]], InboundRequest]
OPENAI = Endpoint("https://api.openai.com/v1", "k", "max_completion_tokens")
CAP = 50_000
USER: dict[str, Any] = {"role": "user", "content": "Hello."}


@dataclass(frozen=True)
class Upstream:
    """A protocol that providers speak."""

    name: str
    codec: UpstreamCodec
    model: str
    has_custom_tools: bool = False

    @property
    def route(self) -> Route:
        return Route(self.name, self.model)

    def write(self, conversation: Conversation, *, stream: bool = False) -> dict[str, Any]:
        """Give the fields of a request, as the converting lane does."""
        if not self.has_custom_tools:
            conversation = with_functions(conversation)
        return self.codec.encode(conversation, self.route, output_cap=CAP, stream=stream)


@dataclass(frozen=True)
class Surface:
    """A protocol that callers speak; what providers of the same protocol are sent can be read."""

    upstream: Upstream
    decode: Decode
    question: dict[str, Any]
    """The smallest request."""
    streams: dict[str, Any]
    """What in a body asks for a stream."""
    headers: Mapping[bytes, bytes]
    stream_headers: Mapping[bytes, bytes]
    changes: Mapping[str, str]
    """What of a conversation comes back in other words, and why."""

    @property
    def name(self) -> str:
        return self.upstream.name

    def read(self, conversation: Conversation) -> Conversation:
        """Send a conversation and take it as a surface does."""
        fields = self.upstream.write(conversation)
        outgoing = self.upstream.codec.outgoing(fields, self.upstream.route, stream=False)
        return self.decode(outgoing.body, dict(outgoing.headers)).conversation()

    def ask(self, *, stream: bool) -> InboundRequest:
        """Take the smallest request."""
        body = {**self.question, **(self.streams if stream else {})}
        headers = {**self.headers, **(self.stream_headers if stream else {})}
        return self.decode(json.dumps(body).encode(), headers)


CHAT = Upstream("chat", ChatCodec(OPENAI), "gpt-5.2")
RESPONSES = Upstream("responses", ResponsesCodec(OPENAI), "gpt-5.2", has_custom_tools=True)
MESSAGES = Upstream(
    "anthropic", MessagesCodec(AnthropicEndpoint("http://a.example", "k")), "claude-sonnet-4-5"
)
DASHSCOPE = Upstream(
    "dashscope", DashScopeCodec(DashScopeServer("http://a.example/api/v1", "k")), "qwen-plus"
)
GEMINI = Upstream(
    "gemini", GeminiCodec(GeminiServer("http://a.example/v1beta", "k")), "gemini-2.5-flash"
)
BEDROCK = Upstream(
    "bedrock", BedrockCodec("http://a.example", "k"), "anthropic.claude-sonnet-4-5-v1:0"
)

UPSTREAMS = (CHAT, RESPONSES, MESSAGES, DASHSCOPE, GEMINI, BEDROCK)
STREAM = {"stream": True}
SURFACES = (
    Surface(
        CHAT,
        decode_chat,
        {"model": "m", "messages": [USER]},
        {**STREAM, "stream_options": {"include_usage": True}},
        {},
        {},
        {},
    ),
    Surface(RESPONSES, decode_responses, {"model": "m", "input": "Hello."}, STREAM, {}, {}, {}),
    Surface(
        MESSAGES,
        decode_messages,
        {"model": "m", "max_tokens": 9, "messages": [USER]},
        STREAM,
        {b"anthropic-version": b"2023-06-01"},
        {},
        {
            "reasoning": "this model thinks within a budget of tokens, which an effort becomes",
            "format words": "a form is its schema there",
            "detail": "every picture is seen whole",
        },
    ),
    Surface(
        DASHSCOPE,
        decode_text,
        {
            "model": "m",
            "input": {"messages": [USER]},
            "parameters": {"result_format": "message", "incremental_output": True},
        },
        {},
        {},
        {b"x-dashscope-sse": b"enable"},
        {
            "reasoning": "an effort is a budget there",
            "detail": "every picture is seen whole",
            "tool_choice": "the only tool is required by its name",
        },
    ),
)
