"""LangChain, in an environment of its own, is served by Responses and by chat."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_answers import Answer
from tests.scripted_upstream import completion, echo, stream, tool_call, usage_of
from tests.sdk.environments import LANGCHAIN, Environments, run
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import responses_answers as responses
from tests.upstreams.responses_answers import Call, Said, response

SCRIPT = Path(__file__).with_name("langchain_script.py")
PARIS = {"city": "Paris"}
NAMES = ("responses", "chat")


def chats() -> list[Answer]:
    """What a model that chats answers to the five questions of one round."""
    calls = [tool_call("get_weather", PARIS)]
    called = completion("", tool_calls=calls, usage=usage_of(5, 4))
    return [echo(), echo(), called, echo(), stream([], tool_calls=calls, usage=usage_of(5, 4))]


def modern() -> list[Answer]:
    called = response(Said((), calls=(Call("get_weather", json.dumps(PARIS)),)))
    return [responses.echo(), responses.echo(), called, responses.echo(), called]


@pytest.fixture(scope="module", params=["small", "vendor/large"], ids=["chat", "native"])
def visit(
    request: pytest.FixtureRequest, responses_house: House, environments: Environments
) -> Iterator[tuple[Shop, str, dict[str, Any]]]:
    """One run of the script for each kind of upstream: the shop, the model, what was seen."""
    python = environments.python(*LANGCHAIN)
    with visited(responses_house) as shop:
        shop.house.upstreams["chat"].script(*chats(), *chats())
        shop.house.upstreams["modern"].script(*modern(), *chats())
        folder = Path(python).parent
        arguments = (shop.gateway.base_url, shop.customer.api_key, request.param)
        output = run(folder, python, "-W", "ignore", str(SCRIPT), *arguments)
        yield shop, request.param, json.loads(output)


@pytest.mark.parametrize("name", NAMES)
def test_text_arrives_whole_and_streamed(
    visit: tuple[Shop, str, dict[str, Any]], name: str
) -> None:
    _, _, seen = visit

    expected = {"text": "one two three", "usage": [5, 3], "calls": []}
    assert seen[name] == seen[name + "_stream"] == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_call_arrives_and_its_result_goes_back(
    visit: tuple[Shop, str, dict[str, Any]], name: str
) -> None:
    _, _, seen = visit

    assert seen[name + "_call"]["calls"] == seen[name + "_call_stream"]["calls"] == [PARIS]
    assert seen[name + "_round"]["text"] == "one two"


def test_every_call_is_charged_once(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    shop, model, _ = visit

    calls = shop.calls(10)
    assert {(call.model, call.charged["basis"]) for call in calls} == {(model, "reported")}
