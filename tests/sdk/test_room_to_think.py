"""Thoughts need room in the answer: what has none is refused before anything is held."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.sdk.claude_house import client_of
from tests.sdk.houses import visited
from tests.sdk.shop import QUESTION, House, Shop


@pytest.fixture
def shop(claude_house: House) -> Iterator[Shop]:
    with visited(claude_house) as shop:
        yield shop


def think(shop: Shop, api_key: str | None = None, **options: Any) -> Any:
    """Ask Anthropic for thoughts in chat's words."""
    client = shop.client(api_key=api_key or shop.customer.api_key)
    return client.chat.completions.create(
        model="claude", messages=QUESTION, reasoning_effort="low", **options
    )


def test_a_budget_beyond_what_the_model_may_answer_is_refused_by_name(shop: Shop) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 70_000}
    asked: Any = {"model": "claude", "max_tokens": 100_000, "messages": QUESTION}

    with pytest.raises(anthropic.BadRequestError) as refused:
        client_of(shop, max_retries=0).messages.create(**asked, thinking=thinking, stream=True)

    assert "'thinking.budget_tokens' must be less than the 64000" in str(refused.value)
    assert shop.house.upstreams["claude"].requests == []
    assert shop.calls(0) == []


def test_too_little_money_to_think_is_too_little_money(shop: Shop) -> None:
    poor = shop.gateway.customer("0.01")

    with pytest.raises(openai.APIStatusError) as refused:
        think(shop, poor.api_key)

    assert (refused.value.status_code, refused.value.code) == (402, "insufficient_balance")
    assert shop.house.books.calls_of(poor.customer_id) == []
    assert shop.house.upstreams["claude"].requests == []


def test_too_low_a_cap_of_the_callers_own_is_refused_by_name(shop: Shop) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        think(shop, max_completion_tokens=500)

    assert refused.value.param == "reasoning_effort"
    assert shop.calls(0) == []


def test_where_there_is_room_the_model_thinks(shop: Shop) -> None:
    think(shop)

    sent = shop.house.upstreams["claude"].requests[0].json
    assert sent["thinking"]["budget_tokens"] < sent["max_tokens"]
    shop.calls(1)
