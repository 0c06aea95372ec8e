"""Rate limits as a caller meets them: headers, 429 in OpenAI's shape, and four workers as one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import completion, error, stall
from tests.sdk.shop import QUESTION, Shop

BODY = {"model": "small", "messages": QUESTION}
PREFIX = "x-ratelimit-"


def limit(shop: Shop, *, customer: bool = False, **limits: int) -> None:
    path = f"/api-keys/{shop.customer.api_key_id}/limits"
    if customer:
        path = f"/customers/{shop.customer.customer_id}/limits"
    shop.gateway.admin("PUT", path, json=limits)


def ask(shop: Shop, **fields: Any) -> httpx.Response:
    return shop.http().post("/v1/chat/completions", json={**BODY, **fields})


def shown(answer: httpx.Response) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): value
        for name, value in answer.headers.items()
        if name.startswith(PREFIX)
    }


def test_a_key_without_limits_sees_none(shop: Shop) -> None:
    answer = ask(shop)

    assert answer.status_code == 200
    assert shown(answer) == {}


@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_every_answer_shows_what_is_left(shop: Shop, path: str, stream: bool) -> None:
    limit(shop, requests_per_minute=6, tokens_per_minute=50_000)
    body = {**BODY, "stream": stream, "max_tokens": 100}
    first, second = (shop.http().post(f"{path}/chat/completions", json=body) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    left = shown(first)
    assert (left["limit-requests"], left["remaining-requests"]) == ("6", "5")
    assert (left["limit-tokens"], left["reset-requests"]) == ("50000", "10s")
    assert 49_800 < int(left["remaining-tokens"]) < 49_900
    assert left["reset-tokens"].endswith("ms")
    assert shown(second)["remaining-requests"] == "4"


def test_a_failed_call_shows_them_too_and_gives_its_tokens_back(shop: Shop) -> None:
    limit(shop, requests_per_minute=6, tokens_per_minute=5_000)
    shop.upstream.script(error(500))

    failed = ask(shop, max_tokens=4_000)
    broke = ask(shop, model="nobody/knows")
    after = ask(shop, max_tokens=4_000)

    assert failed.status_code == 502
    assert int(shown(failed)["remaining-tokens"]) < 1_000
    assert shown(broke) == {}
    assert after.status_code == 200
    assert shown(after)["remaining-requests"] == "4"


def test_a_call_that_could_not_be_paid_gives_its_tokens_back(shop: Shop) -> None:
    limit(shop, tokens_per_minute=5_000)

    unpaid = ask(shop, model="vendor/large", n=100, max_tokens=16_000)
    after = ask(shop, max_tokens=4_000)

    assert unpaid.status_code == 402
    assert shown(unpaid)["remaining-tokens"] == "0"
    assert after.status_code == 200


def test_the_sdk_raises_a_rate_limit_error_that_says_when_to_come_again(shop: Shop) -> None:
    limit(shop, requests_per_minute=1)
    assert ask(shop).status_code == 200

    with pytest.raises(openai.RateLimitError) as caught:
        shop.client().chat.completions.create(model="small", messages=QUESTION)

    refusal = caught.value
    assert (refusal.code, refusal.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert "API key's limit of 1 requests per minute" in refusal.message
    headers = refusal.response.headers
    assert 55 <= int(headers["retry-after"]) <= 60
    assert shown(refusal.response)["remaining-requests"] == "0"
    assert "x-should-retry" not in headers
    assert len(shop.upstream.requests) == 1
    shop.call()


GENERATION = "/api/v1/services/aigc/text-generation/generation"
ELSEWHERE = [
    pytest.param(
        "/v1/responses",
        {"input": "one two three"},
        {"code": "rate_limit_exceeded", "type": "rate_limit_error"},
        "x-ratelimit-remaining-requests",
        id="responses",
    ),
    pytest.param(
        "/v1/messages",
        {"max_tokens": 10, "messages": QUESTION},
        {"type": "rate_limit_error"},
        "anthropic-ratelimit-requests-remaining",
        id="messages",
    ),
    pytest.param(
        GENERATION,
        {"input": {"messages": QUESTION}},
        {"code": "Throttling.RateQuota"},
        "x-ratelimit-remaining-requests",
        id="dashscope",
    ),
]


@pytest.mark.parametrize(("path", "body", "told", "header"), ELSEWHERE)
def test_every_surface_tells_it_in_its_own_words(
    shop: Shop, path: str, body: dict[str, Any], told: dict[str, str], header: str
) -> None:
    limit(shop, requests_per_minute=1)
    assert ask(shop).status_code == 200

    refused = shop.http().post(path, json={"model": "small", **body})

    answer = refused.json()
    assert refused.status_code == 429, answer
    assert told.items() <= answer.get("error", answer).items()
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers[header] == "0"


def test_the_sdk_waits_as_long_as_it_is_told_and_gets_through(shop: Shop) -> None:
    limit(shop, requests_per_minute=30)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ask(shop).status_code, range(50)))
    assert set(answers) == {200, 429}

    client = shop.client(max_retries=5)
    assert client.chat.completions.create(model="small", messages=QUESTION).choices


def test_a_prompt_beyond_the_limit_alone_is_not_worth_another_try(shop: Shop) -> None:
    limit(shop, tokens_per_minute=5)
    answer = ask(shop)

    assert answer.status_code == 429
    assert answer.headers["x-should-retry"] == "false"
    assert "retry-after" not in answer.headers


def test_tokens_count_as_they_were_used_and_not_as_they_were_feared(shop: Shop) -> None:
    limit(shop, tokens_per_minute=10_000)
    for _ in range(3):
        assert ask(shop, max_tokens=9_000).status_code == 200

    assert int(shown(ask(shop, max_tokens=10))["remaining-tokens"]) > 9_800


def test_a_customers_limit_counts_all_its_keys_and_the_tightest_is_shown(shop: Shop) -> None:
    limit(shop, requests_per_minute=100)
    limit(shop, customer=True, requests_per_minute=2)
    path = f"/customers/{shop.customer.customer_id}/api-keys"
    other = shop.gateway.admin("POST", path, json={"name": "other"})["api_key"]

    first = ask(shop)
    bearer = {"Authorization": f"Bearer {other}"}
    second = shop.http(headers=bearer).post("/v1/chat/completions", json=BODY)
    third = ask(shop)

    assert [one.status_code for one in (first, second, third)] == [200, 200, 429]
    assert [shown(one)["remaining-requests"] for one in (first, second, third)] == ["1", "0", "0"]
    assert "customer's limit of 2" in third.json()["error"]["message"]


def test_calls_at_once_are_limited_and_a_call_that_ended_makes_room(shop: Shop) -> None:
    limit(shop, parallel_calls=2)
    shop.upstream.script(stall(1.5), stall(1.5), completion("late"))
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(ask, shop) for _ in range(2)]
        while len(shop.upstream.requests) < 2:
            time.sleep(0.01)
        refused = ask(shop)
        assert [one.result().status_code for one in running] == [200, 200]

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert ask(shop).status_code == 200
    assert len(shop.calls(3)) == 3


def test_a_change_is_obeyed_by_the_very_next_call_after_a_hold(shop: Shop) -> None:
    assert ask(shop).status_code == 200
    limit(shop, requests_per_minute=1)

    # The worker learns of a new limit from the hold of the next call.
    assert [ask(shop).status_code for _ in range(3)] == [200, 200, 429]
    limit(shop, requests_per_minute=100)
    time.sleep(1)
    assert ask(shop).status_code == 200


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("crowd"), workers=4) as gateway:
        yield gateway


def test_four_workers_admit_a_limit_together(crowd: GatewayProcess) -> None:
    most = 40
    customer = crowd.customer(limits={"requests_per_minute": most})
    headers = {"Authorization": f"Bearer {customer.api_key}", "Connection": "close"}
    body = {"model": "sandbox-small", "messages": QUESTION}

    def call(_: int) -> int:
        # A connection each, so that the calls are spread over the workers.
        return httpx.post(
            f"{crowd.url}/v1/chat/completions", json=body, headers=headers, timeout=30
        ).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(120)))
    seconds = time.monotonic() - began

    assert set(answers) == {200, 429}
    # What comes back while they ask is theirs, too.
    assert most <= answers.count(200) <= most + seconds * most / 60 + 1


def test_a_limiter_that_fails_stops_nobody_and_is_counted(crowd: GatewayProcess) -> None:
    customer = crowd.customer(limits={"requests_per_minute": 1})
    headers = {"Authorization": f"Bearer {customer.api_key}"}
    body = {"model": "sandbox-small", "messages": QUESTION}

    with crowd.database() as conn:
        conn.execute("ALTER TABLE rate_limit_buckets RENAME TO elsewhere")
        answers = [
            httpx.post(f"{crowd.base_url}/chat/completions", json=body, headers=headers)
            for _ in range(3)
        ]
        conn.execute("ALTER TABLE elsewhere RENAME TO rate_limit_buckets")

    assert [one.status_code for one in answers] == [200] * 3
    assert shown(answers[-1]) == {}
    assert "tollbook_unlimited_total 3.0" in httpx.get(f"{crowd.url}/metrics").text
