"""An openai 1.x of early 2024, in an environment of its own, is served as well as today's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_upstream import (
    completion,
    echo,
    error,
    stream,
    tool_call,
    truncated_stream,
    usage_of,
)
from tests.sdk.environments import OPENAI_1, Environments, run
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop

SCRIPT = Path(__file__).with_name("old_sdk_script.py")
PARIS = tool_call("get_weather", {"city": "Paris"})


@pytest.fixture(scope="module")
def old_python(environments: Environments) -> str:
    """Python with the old SDK."""
    return environments.python(*OPENAI_1)


@pytest.fixture(scope="module", params=["/v1", "/openai/v1"])
def visit(
    request: pytest.FixtureRequest, house: House, old_python: str
) -> Iterator[tuple[Shop, dict[str, Any]]]:
    """One run of the script on each surface: the shop, and what the script saw."""
    with visited(house) as shop:
        shop.upstream.script(
            echo(),
            completion("", tool_calls=[PARIS], usage=usage_of(40, 12)),
            echo(),
            stream(["one ", "two ", "three"]),
            truncated_stream(after=2),
            error(500),
            error(429),
        )
        poor = house.gateway.customer("0.01")
        url, key = house.gateway.url + request.param, shop.customer.api_key
        output = run(
            Path(old_python).parent, old_python, "-W", "ignore", str(SCRIPT), url, key, poor.api_key
        )
        yield shop, json.loads(output)


def test_the_old_sdk_is_the_one_that_ran(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert f"openai=={seen['version']}" in OPENAI_1


def test_text_and_tools_arrive(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert (seen["text"], seen["usage"]) == ("one two three", 6)
    assert seen["tool_arguments"] == ['{"city": "Paris"}']


def test_streams_arrive_and_usage_only_when_asked(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert seen["stream"]["text"] == seen["stream_usage"]["text"] == "one two three"
    assert seen["stream"]["usage"] == []
    assert [usage["total_tokens"] for usage in seen["stream_usage"]["usage"]] == [6]


def test_a_broken_stream_raises(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert seen["broken"] == ["APIError", "upstream_error", "Hello from"]


def test_models_are_listed_and_found(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert seen["models"] == ["small", "vendor/large"]
    assert seen["slash"] == "vendor/large"


def test_errors_are_of_the_right_class(visit: tuple[Shop, dict[str, Any]]) -> None:
    _, seen = visit

    assert seen["bad_key"] == ["AuthenticationError", 401, "invalid_api_key", None]
    assert seen["unknown_model"] == ["NotFoundError", 404, "model_not_found", "model"]
    assert seen["bad_value"] == ["BadRequestError", 400, "invalid_value", "temperature"]
    assert seen["no_money"] == ["APIStatusError", 402, "insufficient_balance", None]
    assert seen["upstream_500"] == ["InternalServerError", 502, "upstream_error", None]
    assert seen["upstream_429"] == ["RateLimitError", 429, "upstream_rate_limited", None]


def test_every_call_is_held_and_ended_once(visit: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = visit

    calls = shop.calls(7)
    ends = [call.charged["basis"] if call.of("wallet", "charged") else "released" for call in calls]
    assert ends == ["reported"] * 4 + ["partial", "released", "released"]
