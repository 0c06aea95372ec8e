"""Whether a large request can be carried is found out while other calls go on."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
import pytest

from adapters.protocols.openai_chat.request import decode_request
from adapters.protocols.prompt_size import LARGE_BYTES
from api.inference.holding import hold_of
from domain.breakers import Breakers
from domain.catalog import FIXED, Choice, Model, Route
from domain.errors import UnsupportedParameterError
from domain.reserve_call import Identity

MODEL = Model("m", "chat", 10**6, 100, (Route("p", "up"),))
IDENTITY = Identity(*(uuid4() for _ in range(4)))


class Provider:
    """Remembers in which threads it was asked whether it can carry a request."""

    def __init__(self, *, refuses: bool = False) -> None:
        self._refuses = refuses
        self.threads: list[int] = []

    def check(self, *_: object) -> None:
        """Take the request, or refuse its `seed`."""
        self.threads.append(threading.get_ident())
        if self._refuses:
            raise UnsupportedParameterError("seed")


def choose(*_: object) -> Choice:
    return Choice("m", FIXED, (MODEL,))


def held(provider: Provider, text: str) -> Any:
    gateway: Any = SimpleNamespace(
        catalog=SimpleNamespace(choose=choose),
        upstreams=SimpleNamespace(providers={"p": provider}, breakers=Breakers(lambda: 0)),
        settings=SimpleNamespace(default_output_tokens=10, hold_seconds=60, tag_names=()),
    )
    serving: Any = SimpleNamespace(
        request_id=uuid4(),
        surface=SimpleNamespace(name="chat", kinds=("chat",)),
        exchange=SimpleNamespace(client_request_id=None, headers={}),
    )
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    request: Any = decode_request(orjson.dumps(body))
    return asyncio.run(hold_of(gateway, serving, IDENTITY, request))


@pytest.mark.parametrize(("text", "elsewhere"), [("a", False), ("a " * LARGE_BYTES, True)])
def test_only_a_large_request_is_checked_off_the_event_loop(text: str, elsewhere: bool) -> None:
    provider = Provider()

    held(provider, text)

    [thread] = provider.threads
    assert (thread != threading.get_ident()) is elsewhere


@pytest.mark.parametrize("text", ["a", "a " * LARGE_BYTES])
def test_what_no_route_can_carry_is_refused_from_there_too(text: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        held(Provider(refuses=True), text)

    assert refused.value.param == "seed"
