"""A name for several models: who answers, what is held and paid, and whom the customer lets."""

from typing import Any

import openai
import pytest

from tests.scripted_upstream import ScriptedUpstream, error
from tests.sdk.books import charge_of, hold_of
from tests.sdk.shop import QUESTION, Shop

TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
SOUND: Any = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


def first(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["first"]


def second(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["second"]


def ask(shop: Shop, model: str, path: str = "/v1", **options: Any) -> Any:
    given: Any = {"messages": QUESTION, "max_tokens": 50, **options}
    return shop.client(path).chat.completions.with_raw_response.create(model=model, **given)


def route(shop: Shop, **fields: Any) -> Any:
    answer = shop.http().patch("/openapi/v1/routing/policy", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_the_cheapest_answers_and_the_dearest_is_held(shop: Shop) -> None:
    answer = ask(shop, "routed")

    call = shop.call()
    assert answer.headers["x-daoe-used-model"] == "routed-cheap"
    assert answer.headers["x-daoe-used-provider"] == "first"
    assert "x-daoe-failover" not in answer.headers
    assert (call.reserved["model"], call.reserved["requested"]) == ("routed-cheap", "routed")
    assert call.reserved["alternatives"] == {"routed-dear": 50}
    assert call.held == hold_of("routed-dear", call.reserved["input_tokens"], 50)
    assert call.charged["model"] is None
    call.assert_charged("routed-cheap", input=3, output=3)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_another_model_answers_when_the_first_fails_and_the_customer_pays_its_price(
    shop: Shop, streams: bool
) -> None:
    alias = "failing-stream" if streams else "failing"
    first(shop).script(error(503))

    answer = ask(shop, alias, stream=streams)
    if streams:
        list(answer.parse())

    call = shop.call()
    assert answer.headers["x-daoe-used-model"] == call.charged["model"] == f"{alias}-dear"
    assert answer.headers["x-daoe-failover"] == "1"
    assert call.outcomes == [("first", "status_503"), ("second", "ok")]
    call.assert_charged(f"{alias}-dear", input=3, output=3)
    assert call.total == charge_of(f"{alias}-dear", input=3, output=3)


def test_when_all_models_are_saturated_the_caller_is_told_the_shortest_wait(shop: Shop) -> None:
    first(shop).script(error(429, headers={"retry-after": "3"}))
    second(shop).script(error(429, headers={"retry-after": "7"}))

    with pytest.raises(openai.RateLimitError) as caught:
        ask(shop, "filling")

    assert caught.value.response.headers["retry-after"] == "3"
    call = shop.call()
    call.assert_released("upstream_rate_limited")
    assert call.outcomes == [("first", "status_429"), ("second", "status_429")]


def test_a_call_goes_to_a_model_that_can_take_it(shop: Shop) -> None:
    answer = ask(shop, "routed", tools=[TOOL])

    assert answer.headers["x-daoe-used-model"] == "routed-dear"
    assert shop.call().reserved["alternatives"] == {}


@pytest.mark.parametrize("model", ["routed", "routed-cheap"])
def test_what_no_model_can_take_is_refused_by_name_and_nothing_is_held(
    shop: Shop, model: str
) -> None:
    message: Any = {"role": "user", "content": [SOUND]}

    with pytest.raises(openai.BadRequestError) as caught:
        ask(shop, model, messages=[message])

    assert caught.value.code == "missing_capability"
    assert "audio" in caught.value.message
    shop.calls(0)


def test_auto_is_any_model_of_the_tier_that_the_caller_names(shop: Shop) -> None:
    answer = ask(shop, "auto", "/openai/v1", extra_body={"tier": "routed"})

    metadata = answer.http_response.json()["metadata"]
    assert (metadata["model"], metadata["requested_model"]) == ("routed-cheap", "auto")
    assert metadata["tier"] == "routed"
    shown = metadata["model_recommendation"]
    assert [found["model"] for found in shown] == ["routed-cheap", "routed-dear"]
    assert metadata["score"] == shown[0]["score"]
    assert 100 >= shown[0]["score"] >= shown[1]["score"] >= 0
    shop.call().assert_charged("routed-cheap", input=3, output=3)
    assert "tier" not in first(shop).requests[0].json
    with pytest.raises(openai.NotFoundError):
        ask(shop, "auto", extra_body={"tier": "unheard-of"})


def test_who_names_a_model_is_told_of_no_other(shop: Shop) -> None:
    answer = ask(shop, "tollbook/routed-cheap", "/openai/v1")

    metadata = answer.http_response.json()["metadata"]
    assert (metadata["model"], metadata["requested_model"]) == (
        "routed-cheap",
        "tollbook/routed-cheap",
    )
    assert (metadata["score"], "model_recommendation" in metadata) == (100, False)
    assert shop.call().reserved["requested"] == "tollbook/routed-cheap"


def test_a_customers_policy_is_obeyed_on_the_very_next_call(shop: Shop) -> None:
    def used() -> str:
        return str(ask(shop, "routed").headers["x-daoe-used-model"])

    assert used() == "routed-cheap"
    route(shop, regions=["us"])
    assert used() == "routed-dear"
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(shop, "routed-cheap")
    assert caught.value.code == "routing_policy"
    route(shop, regions=[], rollout=[{"model": "routed-cheap", "percent": 0}])
    assert used() == "routed-dear"
    route(shop, rollout=[], models=["routed-cheap"], fallback=False)
    assert used() == "routed-cheap"
    assert shop.calls(4)[-1].reserved["alternatives"] == {}
    route(shop, model_scope={"mode": "single", "model_ids": ["routed-dear"]})
    assert used() == "routed-dear"
    route(shop, model_scope={"mode": "automatic"})
    assert used() == "routed-cheap"


def test_without_fallback_a_failure_is_the_answer(shop: Shop) -> None:
    route(shop, fallback=False, models=["routed-dear"], retries=1)
    second(shop).script(error(503), error(503))

    with pytest.raises(openai.InternalServerError):
        ask(shop, "routed")

    call = shop.call()
    call.assert_released("upstream_error")
    assert call.outcomes == [("second", "status_503")] * 2
