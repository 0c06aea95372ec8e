"""When the first route fails before any output the second answers; the customer pays once."""

import time
from typing import Any

import openai
import pytest

from tests.scripted_upstream import (
    Answer,
    ScriptedUpstream,
    completion,
    error,
    raw,
    reset,
    sse,
    stream,
)
from tests.sdk.shop import QUESTION, Shop, paced

MARKER = "the-suppliers-secret-account-4711"
NOT_JSON = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<html")


def first(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["first"]


def second(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["second"]


def ask(shop: Shop, model: str, **options: Any) -> Any:
    return shop.client().chat.completions.with_raw_response.create(
        model=model, messages=QUESTION, **options
    )


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("model", "failure", "outcome"),
    [
        ("after-500", error(500), "status_500"),
        ("after-429", error(429, headers={"retry-after": "2"}), "status_429"),
        ("after-refusal", None, "not_sent"),
        ("after-silence", reset(), "connection_lost"),
        ("after-401", error(401), "status_401"),
        ("after-nonsense", NOT_JSON, None),
        ("after-stream-error", sse(b'data: {"error":{"message":"no"}}\n\n'), None),
    ],
    ids=["500", "429", "refused connection", "reset", "401", "no JSON", "error first"],
)
def test_the_second_route_answers_for_the_first(
    shop: Shop, model: str, failure: Answer | None, outcome: str | None, streams: bool
) -> None:
    if failure is not None:
        first(shop).script(failure)
    model += "-stream" if streams else ""

    answer = ask(shop, model, stream=streams)

    if streams:
        chunks = list(answer.parse())
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    else:
        said = answer.parse().choices[0].message.content
    assert said == "one two three"
    call = shop.call()
    call.assert_charged(model, input=3, output=3)
    assert answer.headers["x-daoe-used-provider"] == "second"
    assert call.charged["provider"] == "second"
    assert answer.headers["x-daoe-failover"] == "1"
    assert [attempt["provider"] for attempt in call.attempts][1:] == ["second"]
    assert outcome in {None, call.attempts[0]["outcome"]}
    assert call.attempts[0]["cost"] is None


def test_a_cooling_route_is_not_asked_again_for_a_while(shop: Shop) -> None:
    first(shop).script(error(429, headers={"retry-after": "2"}))
    began = time.monotonic()
    for _ in range(4):
        assert ask(shop, "cooling").headers["x-daoe-used-provider"] == "second"
    assert time.monotonic() - began < 2, "too slow to tell"
    assert len(first(shop).requests) == 1

    time.sleep(max(0.0, began + 2.5 - time.monotonic()))
    answer = ask(shop, "cooling")

    assert answer.headers["x-daoe-used-provider"] == "first"
    assert "x-daoe-failover" not in answer.headers
    assert len(first(shop).requests) == 2
    calls = shop.calls(5)
    assert [len(call.attempts) for call in calls] == [2, 1, 1, 1, 1]


def test_an_only_route_is_still_tried_while_it_cools(shop: Shop) -> None:
    first(shop).script(error(500), completion("back"))

    with pytest.raises(openai.InternalServerError):
        ask(shop, "only-route")
    answer = ask(shop, "only-route").parse()

    assert answer.choices[0].message.content == "back"
    assert len(first(shop).requests) == 2
    failed, answered = shop.calls(2)
    failed.assert_released("upstream_error")
    answered.assert_charged("only-route", input=3, output=1)


def test_when_every_route_is_saturated_the_caller_is_told_to_wait(shop: Shop) -> None:
    first(shop).script(error(429, headers={"retry-after": "3"}))
    second(shop).script(error(429, headers={"retry-after": "7"}))

    with pytest.raises(openai.RateLimitError) as caught:
        ask(shop, "saturated")

    assert (caught.value.status_code, caught.value.code) == (429, "upstream_rate_limited")
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 7
    assert "x-should-retry" not in caught.value.response.headers
    call = shop.call()
    call.assert_released("upstream_rate_limited")
    assert call.outcomes == [("first", "status_429"), ("second", "status_429")]


def test_a_saturated_and_a_broken_route_are_both_tried(shop: Shop) -> None:
    first(shop).script(error(429))
    second(shop).script(error(503))

    with pytest.raises(openai.APIStatusError) as caught:
        ask(shop, "both-down")

    assert caught.value.status_code in {429, 502}
    assert shop.call().outcomes == [("first", "status_429"), ("second", "status_503")]


def test_a_refused_connection_without_another_route_is_a_502(shop: Shop) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        ask(shop, "dead-only")

    assert (caught.value.status_code, caught.value.code) == (502, "upstream_error")
    call = shop.call()
    call.assert_released("upstream_error")
    assert call.outcomes == [("dead", "not_sent")]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_at_fault_goes_to_no_other_route(shop: Shop, status: int) -> None:
    first(shop).script(error(status, "some_code"))

    with pytest.raises(openai.BadRequestError) as caught:
        ask(shop, "rejected")

    assert caught.value.code == "upstream_rejected"
    assert second(shop).requests == []
    call = shop.call()
    call.assert_released("upstream_rejected")
    assert call.outcomes == [("first", f"status_{status}")]


@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_no_word_of_the_supplier_gets_out(
    shop: Shop, status: int, path: str, streams: bool
) -> None:
    headers = {"x-account": MARKER, "retry-after": "1"}
    shop.upstream.script(error(status, "a code with " + MARKER, MARKER, headers))

    answer = shop.http().post(
        f"{path}/chat/completions",
        json={"model": "small", "messages": QUESTION, "stream": streams},
    )

    assert answer.status_code in {400, 429, 502}
    assert MARKER not in answer.text + str(answer.headers)
    assert "upstream-small" not in answer.text + str(answer.headers)
    shop.call()
    assert MARKER not in shop.house.log
    assert not shop.house.books.mention(MARKER)


def test_no_word_of_the_supplier_gets_out_in_a_stream(shop: Shop) -> None:
    good = b'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"Hi"}}]}\n\n'
    bad = b'data: {"error":{"message":"%s","code":"%s"}}\n\n' % (MARKER.encode(), MARKER.encode())
    shop.upstream.script(paced(sse(good, bad)))

    answer = shop.http().post(
        "/v1/chat/completions", json={"model": "small", "messages": QUESTION, "stream": True}
    )

    assert "Hi" in answer.text
    assert '"error"' in answer.text
    assert MARKER not in answer.text
    shop.call()
    assert MARKER not in shop.house.log
    assert not shop.house.books.mention(MARKER)


def test_prompts_and_answers_are_in_no_log_and_no_event(shop: Shop) -> None:
    secret = "my-private-diary-0815"
    question: Any = [{"role": "user", "content": secret}]
    shop.upstream.script(completion(), stream([secret]), error(500), raw(b"nonsense\r\n\r\n"))
    client = shop.client()

    client.chat.completions.create(model="small", messages=question)
    list(client.chat.completions.create(model="small", messages=question, stream=True))
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="small", messages=question)

    shop.calls(4)
    assert secret not in shop.house.log
    assert not shop.house.books.mention(secret)
    assert shop.customer.api_key not in shop.house.log
    assert "sk-upstream" not in shop.house.log
