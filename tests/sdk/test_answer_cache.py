"""The same answer again, from outside: no upstream call, a charge by the rule, for one customer."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.gateway_process import TOLLBOOK
from tests.scripted_upstream import completion, error, stream, truncated_stream
from tests.sdk.context_house import Client, ContextHouse

CACHE = "x-tollbook-cache"


@pytest.fixture
def house(context_house: ContextHouse) -> ContextHouse:
    context_house.clear()
    return context_house


@pytest.fixture
def client(house: ContextHouse) -> Client:
    return house.client(cache_seconds=600)


def test_the_same_call_again_reaches_no_upstream_whichever_worker_takes_it(
    house: ContextHouse, client: Client
) -> None:
    first = client.ask()
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda _: client.ask(), range(16)))

    assert first.headers[CACHE] == "miss"
    assert {answer.headers[CACHE] for answer in again} == {"hit"}
    assert {answer.content for answer in again} == {first.content}
    assert len({answer.headers["x-gateway-request-id"] for answer in again}) == 16
    assert len(house.received) == 1


def test_a_hit_is_charged_at_the_cached_tier_for_the_usage_of_then(client: Client) -> None:
    first, again = client.ask(), client.ask()

    assert again.headers["x-daoe-used-provider"] == "scripted"
    paid, repaid = client.detail(first), client.detail(again)
    assert (paid["basis"], repaid["basis"]) == ("reported", "cached")
    assert (paid["service_tier"], repaid["service_tier"]) == (None, "cached")
    assert repaid["usage"] == paid["usage"]
    charge = json.loads(first.headers["x-billing-charge"])
    assert json.loads(again.headers["x-billing-charge"]) == pytest.approx(charge / 10)
    assert repaid["amount"] == again.headers["x-billing-charge"]


def test_a_hit_is_free_where_the_model_has_no_cached_tier(client: Client) -> None:
    first, again = (client.ask(model="free-again") for _ in range(2))

    assert first.headers["x-billing-charge"] != "0.00"
    assert again.headers[CACHE] == "hit"
    assert again.headers["x-billing-charge"] == "0.00"
    assert again.headers["x-billing-balance"] == first.headers["x-billing-balance"]
    shown = client.detail(again)
    assert (shown["basis"], shown["service_tier"], shown["amount"]) == ("cached", None, "0.00")
    assert shown["usage"] == client.detail(first)["usage"]


def test_a_stream_is_given_again_with_the_same_bytes(house: ContextHouse, client: Client) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    first, again = (client.ask(**options) for _ in range(2))
    whole = client.ask()

    assert again.content == first.content
    assert b'"usage"' in again.content
    assert again.content.endswith(b"data: [DONE]\n\n")
    assert again.headers[CACHE] == "hit"
    assert client.detail(again)["basis"] == "cached"
    assert whole.headers[CACHE] == "miss"
    assert len(house.received) == 2


@pytest.mark.parametrize("usage", [False, True])
def test_joytoken_metadata_marks_a_hit_and_is_each_calls_own(client: Client, usage: bool) -> None:
    path = "/openai/v1/chat/completions"
    body = {"model": "tenth", "messages": [{"role": "user", "content": f"a {usage}"}]}
    streamed = {**body, "stream": True, "stream_options": {"include_usage": usage}}
    whole = [client.send(path, body) for _ in range(2)]
    streams = [client.send(path, streamed) for _ in range(2)]

    for told, answers in ((last_json, whole), (last_chunk, streams)):
        first, again = (told(answer)["metadata"] for answer in answers)
        assert "cached" not in first
        assert again["cached"] is True
        assert again["request_id"] == answers[1].headers["x-gateway-request-id"]
        assert again["billing"]["input_tokens"] == first["billing"]["input_tokens"]
        assert again["billing"]["credits_used"] != first["billing"]["credits_used"]
    first_usage, again_usage = (last_chunk(answer).get("usage") for answer in streams)
    assert again_usage == first_usage
    assert bool(again_usage) is usage
    assert streams[1].content.count(b"data: ") == streams[0].content.count(b"data: ")


def last_json(answer: httpx.Response) -> Any:
    return answer.json()


def last_chunk(answer: httpx.Response) -> Any:
    *_, last, done = answer.text.strip().split("\n\n")
    assert done == "data: [DONE]"
    return json.loads(last.removeprefix("data: "))


@pytest.mark.parametrize(
    "other",
    [{"temperature": 0.1}, {"n": 2}, {"max_tokens": 51}, {"user": "ada"}, {"text": "one two"}],
    ids=str,
)
def test_another_call_is_another_answer(client: Client, other: dict[str, Any]) -> None:
    client.ask()

    assert client.ask(**other).headers[CACHE] == "miss"


def test_the_order_of_a_bodys_fields_does_not_matter(client: Client) -> None:
    messages = [{"role": "user", "content": "in any order"}]
    client.send("/v1/chat/completions", {"model": "tenth", "messages": messages, "n": 1})
    turned = [{"content": "in any order", "role": "user"}]
    again = client.send("/v1/chat/completions", {"n": 1, "messages": turned, "model": "tenth"})

    assert again.headers[CACHE] == "hit"


def test_another_customer_and_another_address_have_other_answers(
    house: ContextHouse, client: Client
) -> None:
    client.ask()
    body = {"model": "tenth", "messages": [{"role": "user", "content": "one two three"}]}

    assert house.client(cache_seconds=600).ask().headers[CACHE] == "miss"
    elsewhere = client.send("/openai/v1/chat/completions", {**body, "max_tokens": 50})
    assert elsewhere.headers[CACHE] == "miss"
    assert len(house.received) == 3


def test_an_answer_goes_only_to_a_key_that_may_ask_the_provider_it_came_from(
    house: ContextHouse, client: Client
) -> None:
    client.ask()
    elsewhere = house.key(client, allowed_providers=["other"])
    forbidden = house.key(client, allowed_model_ids=["free-again"])

    refused, missed = forbidden.ask(), elsewhere.ask()

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
    assert missed.headers[CACHE] == "miss"
    assert missed.headers["x-daoe-used-provider"] == "other"
    assert [len(upstream.requests) for upstream in house.upstreams] == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [error(400), completion(usage=None), stream(usage=None), truncated_stream()],
    ids=["refused", "uncounted", "uncounted stream", "broken stream"],
)
def test_only_whole_answers_that_were_counted_are_kept(
    house: ContextHouse, client: Client, answer: Any
) -> None:
    house.upstreams[0].script(answer)
    options = {"stream": True} if "stream" in answer.__qualname__ else {}
    client.ask(**options)

    assert client.ask(**options).headers[CACHE] == "miss"
    assert client.ask(**options).headers[CACHE] == "hit"


def test_a_hit_is_a_call_like_any_other(house: ContextHouse, client: Client) -> None:
    headers = {"idempotency-key": "once"}
    body = {"model": "tenth", "messages": [{"role": "user", "content": "just once"}]}
    client.send("/v1/chat/completions", body)
    again = client.send("/v1/chat/completions", body, **headers)
    repeated = client.send("/v1/chat/completions", body, **headers)
    path = f"/api-keys/{client.customer.api_key_id}/limits"
    house.gateway.admin("PUT", path, json={"requests_per_minute": 1})
    # Each worker learns of the limit by a call that it takes.
    limited = [client.send("/v1/chat/completions", body).status_code for _ in range(12)]

    assert again.headers[CACHE] == "hit"
    assert repeated.status_code == 409
    assert 429 in limited


def test_turning_the_cache_off_forgets_and_without_it_nothing_is_kept(
    house: ContextHouse, client: Client
) -> None:
    client.ask()
    client.configure(cache_seconds=None)
    without = client.ask()
    client.configure(cache_seconds=600)
    after = client.ask()

    assert CACHE not in without.headers
    assert after.headers[CACHE] == "miss"
    assert len(house.received) == 3


def test_an_answer_to_a_masked_prompt_is_kept_masked_and_each_caller_gets_its_own_data(
    house: ContextHouse, client: Client
) -> None:
    masks = client.send("/openapi/v1/security/policy", {"masks": ["email"]}, method="PATCH")
    assert masks.is_success, masks.text
    prompts = [f"Write to {name}@example.com" for name in ("ada", "bob")]

    answers = [
        client.ask(text, **options) for options in ({}, {"stream": True}) for text in prompts
    ]

    assert [answer.headers[CACHE] for answer in answers] == ["miss", "hit"] * 2
    assert len(house.received) == 2
    assert b"@example.com" not in b"".join(request.raw for request in house.received)
    said = [answer.json()["choices"][0]["message"]["content"] for answer in answers[:2]]
    assert said == prompts
    assert b"ada@example.com" in answers[2].content
    assert b"bob@example.com" in answers[3].content
    assert b"ada@" not in answers[1].content + answers[3].content


def test_nothing_of_ours_is_kept_with_an_answer(house: ContextHouse, client: Client) -> None:
    body = {"model": "tenth", "messages": [{"role": "user", "content": "kept"}]}
    for streamed in (False, True):
        answer = client.send("/openai/v1/chat/completions", {**body, "stream": streamed})
        assert b"credits_used" in answer.content

    with house.gateway.database() as conn:
        rows = conn.execute(
            "SELECT body || tail FROM answer_cache WHERE customer_id = %s",
            (client.customer.customer_id.removeprefix("cus_"),),
        ).fetchall()
    assert len(rows) == 2
    assert all(b"kept" in kept and b"credits_used" not in kept for (kept,) in rows)


def test_the_books_hold_after_all_that(house: ContextHouse, client: Client) -> None:
    for model in ("tenth", "free-again"):
        assert [client.ask(model=model).headers[CACHE] for _ in range(2)] == ["miss", "hit"]
    command = [TOLLBOOK, "verify", "--data-dir", str(house.gateway.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    cached = [fact for topic, fact in house.gateway.events() if fact.get("basis") == "cached"]
    assert {fact["service_tier"] for fact in cached} == {"cached", None}
    assert not [fact for fact in cached if fact["flags"] or fact["absorbed"]]
