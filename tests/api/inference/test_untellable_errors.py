"""An error that cannot be written is a fault of ours, told like any other and never silence."""

import asyncio
import json
from typing import Any, cast
from uuid import UUID

import pytest

from api.exchange import Exchange, Message, Scope
from api.gateway import Gateway
from api.inference import chat, messages
from api.inference.endpoint import Endpoint
from api.inference.serving import Serving
from api.inference.surface import Surface
from api.settings import Settings
from domain.errors import InvalidRequestError

HALF = "\ud800"
"""Half a surrogate pair, which no UTF-8 can write."""


class BareGateway:
    settings = Settings.load({})


def refused(surface: Surface, *, started: bool) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope: Scope = {"headers": [], "method": "POST", "path": "/"}
    exchange = Exchange(scope, receive, send)
    exchange.started = started
    serving = Serving(exchange, UUID(int=7), surface, 0)
    endpoint: Any = Endpoint(cast("Gateway", BareGateway()), surface)
    asyncio.run(endpoint._refuse(serving, InvalidRequestError(f"Not {HALF}.", "a")))
    return sent


@pytest.mark.parametrize("surface", [chat.V1, chat.OPENAI_V1, messages.V1])
def test_it_is_a_500_with_its_ids(surface: Surface) -> None:
    start, body = refused(surface, started=False)

    assert start["status"] == 500
    assert dict(start["headers"])[b"x-gateway-request-id"].startswith(b"req_")
    assert json.loads(body["body"])["error"]["message"] == "Something went wrong here."


def test_in_a_stream_it_is_its_last_event() -> None:
    (event,) = refused(chat.V1, started=True)

    assert b"Something went wrong here." in event["body"]
    assert event["more_body"] is False
