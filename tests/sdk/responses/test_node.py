"""OpenAI's SDK for Node, in a project of its own, is served like the one for Python."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_upstream import (
    completion,
    echo,
    stream,
    tool_call,
    truncated_stream,
    usage_of,
)
from tests.sdk.environments import OPENAI_NODE, Environments, node
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import responses_answers as responses
from tests.upstreams.responses_answers import Call, Said, cut, response

SCRIPT = Path(__file__).with_name("node_script.mjs")
PARIS, ROME = '{"city": "Paris"}', '{"city": "Rome"}'


@pytest.fixture(scope="module", params=["small", "vendor/large"], ids=["chat", "native"])
def visit(
    request: pytest.FixtureRequest, responses_house: House, environments: Environments
) -> Iterator[tuple[Shop, str, dict[str, Any]]]:
    """One run of the script for each kind of upstream: the shop, the model, what was seen."""
    folder = environments.node(*OPENAI_NODE)
    with visited(responses_house) as shop:
        _prepare(shop)
        arguments = (shop.gateway.base_url, shop.customer.api_key, request.param)
        yield shop, request.param, json.loads(node(folder, SCRIPT, *arguments))


def _prepare(shop: Shop) -> None:
    calls = [tool_call("get_weather", json.loads(said), said) for said in (PARIS, ROME)]
    shop.house.upstreams["chat"].script(
        *[echo()] * 3,
        completion("", tool_calls=calls, usage=usage_of(3, 4)),
        stream([], tool_calls=calls, usage=usage_of(3, 4)),
        echo(),
        truncated_stream(after=2),
    )
    called = Said((), calls=[Call("get_weather", said, said) for said in (PARIS, ROME)])
    shop.house.upstreams["modern"].script(
        *[responses.echo()] * 3,
        response(called),
        response(called),
        completion("one two three"),
        cut(6),
    )


def test_text_arrives_whole_and_streamed(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    _, _, seen = visit

    assert seen["text"] == seen["stream"]
    assert seen["text"] == {
        "text": "one two three",
        "status": "completed",
        "usage": [3, 3],
        "calls": [],
    }
    assert seen["chat"] == "one two three"


def test_the_cap_cuts(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    _, _, seen = visit

    assert (seen["capped"]["text"], seen["capped"]["status"]) == ("one two ", "incomplete")


def test_parallel_calls_arrive(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    _, _, seen = visit

    assert seen["calls"]["calls"] == seen["streamed_calls"]["calls"] == [PARIS, ROME]


def test_errors_are_of_the_right_class(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    _, _, seen = visit

    refused = ["BadRequestError", 400, "unsupported_parameter", "previous_response_id"]
    assert seen["stateful"] == refused
    assert seen["unknown"] == ["NotFoundError", 404, "model_not_found", "model"]
    assert seen["broken"][0] == "response.created"
    assert seen["broken"][-1] == "response.failed"


def test_every_call_is_held_and_ended_once(visit: tuple[Shop, str, dict[str, Any]]) -> None:
    shop, model, _ = visit

    calls = shop.calls(7)
    assert {call.model for call in calls} == {model}
    assert [call.charged["basis"] for call in calls] == ["reported"] * 6 + ["partial"]
