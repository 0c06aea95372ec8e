"""An anthropic 0.x, in an environment of its own, is served as well as today's."""

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
from tests.sdk.environments import ANTHROPIC_0, Environments, run
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import anthropic_answers as claude
from tests.upstreams.anthropic_answers import Said

SCRIPT = Path(__file__).with_name("old_anthropic_script.py")
PARIS = {"city": "Paris"}
Seen = tuple[Shop, dict[str, Any]]


@pytest.fixture(scope="module")
def visit(claude_house: House, environments: Environments) -> Iterator[Seen]:
    """One run of the script: the shop, and what the script saw."""
    python = environments.python(*ANTHROPIC_0)
    house = claude_house
    with visited(house) as shop:
        calls = claude.message(
            Said((), calls=[("toolu_1", "get_weather", PARIS)], usage=claude.usage_of(40, 12))
        )
        house.upstreams["claude"].script(
            claude.echo(),
            claude.echo(),
            calls,
            calls,
            claude.cut(5),
            claude.error(529, "overloaded_error"),
        )
        chat_calls, used = [tool_call("get_weather", PARIS)], usage_of(40, 12)
        house.upstreams["chat"].script(
            echo(),
            echo(),
            completion("", tool_calls=chat_calls, usage=used),
            stream([], tool_calls=chat_calls, usage=used),
            truncated_stream(after=2),
        )
        poor = house.gateway.customer("0.001")
        url, key = house.gateway.url, shop.customer.api_key
        command = (python, "-W", "ignore", str(SCRIPT), url, key, poor.api_key)
        yield shop, json.loads(run(Path(python).parent, *command))


def test_the_old_sdk_is_the_one_that_ran(visit: Seen) -> None:
    assert f"anthropic=={visit[1]['version']}" in ANTHROPIC_0


@pytest.mark.parametrize("model", ["claude", "gpt"])
@pytest.mark.parametrize("way", ["json", "stream"])
def test_text_arrives(visit: Seen, model: str, way: str) -> None:
    assert visit[1][model][way] == {
        "text": "one two three",
        "calls": [],
        "stop": "end_turn",
        "usage": [3 if way == "json" or model == "claude" else 0, 3],
    }


@pytest.mark.parametrize("model", ["claude", "gpt"])
@pytest.mark.parametrize("way", ["tools", "tools_stream"])
def test_calls_of_tools_arrive(visit: Seen, model: str, way: str) -> None:
    seen = visit[1][model][way]

    assert (seen["calls"], seen["stop"]) == ([["get_weather", PARIS]], "tool_use")
    assert seen["usage"][1] == 12


@pytest.mark.parametrize("model", ["claude", "gpt"])
def test_a_broken_stream_raises(visit: Seen, model: str) -> None:
    assert visit[1][model]["broken"] == ["APIStatusError", "Hello from"]


def test_errors_are_of_the_right_class(visit: Seen) -> None:
    _, seen = visit

    assert seen["bad_key"] == ["AuthenticationError", 401, "authentication_error"]
    assert seen["unknown_model"] == ["NotFoundError", 404, "not_found_error"]
    assert seen["bad_value"] == ["BadRequestError", 400, "invalid_request_error"]
    assert seen["no_money"] == ["APIStatusError", 402, "billing_error"]
    assert seen["upstream_529"] == ["InternalServerError", 500, "api_error"]


def test_every_call_is_held_and_ended_once(visit: Seen) -> None:
    shop, _ = visit

    calls = shop.calls(11)
    ends = [call.charged["basis"] if call.of("wallet", "charged") else "released" for call in calls]
    assert ends == ["reported"] * 4 + ["partial"] + ["reported"] * 4 + ["partial", "released"]
