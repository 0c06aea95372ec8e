"""What Responses refuses, in the shape that OpenAI's SDK reads; and how upstreams' faults end."""

from typing import Any

import openai
import pytest

from tests.scripted_answers import CLOSE, STREAM_END, STREAM_HEAD, Answer, Json, framed, whole
from tests.scripted_upstream import error, raw
from tests.sdk.shop import Shop
from tests.upstreams.responses_answers import Said, cut, events_of, response, usage_of

LARGEST_BYTES = 8 * 1024 * 1024
LARGE: Any = {"model": "vendor/large", "input": "one two three"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("previous_response_id", "resp_1"), ("background", True), ("conversation", "conv_1")],
)
def test_stored_state_is_refused_by_name(shop: Shop, field: str, value: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        shop.client().responses.create(**LARGE, **{field: value})

    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", field)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.responses.retrieve("resp_1"),
        lambda client: client.responses.delete("resp_1"),
        lambda client: client.responses.cancel("resp_1"),
        lambda client: client.responses.input_items.list("resp_1"),
        lambda client: client.responses.compact(model="m"),
    ],
    ids=["retrieve", "delete", "cancel", "input_items", "compact"],
)
def test_what_would_be_stored_is_not_found(shop: Shop, ask: Any) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        ask(shop.client())

    assert refused.value.code == "not_found"


@pytest.mark.parametrize("path", ["responses", "input_tokens"])
def test_an_unknown_key_or_model_is_refused(shop: Shop, path: str) -> None:
    def ask(client: openai.OpenAI, **asked: Any) -> None:
        if path == "responses":
            client.responses.create(**asked)
        else:
            client.responses.input_tokens.count(**asked)

    with pytest.raises(openai.AuthenticationError):
        ask(shop.client(api_key="tb_wrong"), **LARGE)
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(shop.client(), model="none", input="Hi")
    with pytest.raises(openai.BadRequestError) as wrong:
        ask(shop.client(), model="small", input=[{"role": "robot", "content": "Hi"}])

    limited = shop.gateway.customer("1", allowed_model_ids=["odd"])
    with pytest.raises(openai.PermissionDeniedError) as denied:
        ask(shop.client(api_key=limited.api_key), **LARGE)

    assert denied.value.code == "model_not_allowed"
    assert unknown.value.code == "model_not_found"
    assert wrong.value.param == "input[0].role"


def test_a_body_that_is_too_large_is_refused_wherever_it_is_sent(shop: Shop) -> None:
    for path in ("/v1/responses", "/v1/responses/input_tokens"):
        answer = shop.http().post(path, content=b" " * (LARGEST_BYTES + 1))
        assert answer.status_code == 413, path


def test_a_converted_call_refuses_what_chat_cannot_carry(shop: Shop) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        shop.client().responses.create(model="small", input="Hi", truncation="auto")

    assert refused.value.param == "truncation"
    assert shop.house.books.calls_of(shop.customer.customer_id) == []


def test_no_money_is_told_so_that_nobody_tries_again(shop: Shop) -> None:
    poor = shop.gateway.customer("0")

    with pytest.raises(openai.RateLimitError) as refused:
        shop.client(api_key=poor.api_key, max_retries=2).responses.create(**LARGE)

    assert refused.value.code == "insufficient_quota"
    assert refused.value.response.headers["x-should-retry"] == "false"


def odd(*events: bytes) -> Answer:
    return raw(STREAM_HEAD, *map(framed, events), STREAM_END)


def twice(request: Any) -> list[Any]:
    """The last event says one usage, and after it comes another."""
    first = list(events_of(request, Said(usage=usage_of(3, 4))))
    second = list(events_of(request, Said(usage=usage_of(300, 400))))
    return [STREAM_HEAD, *map(framed, [*first, second[-1]]), STREAM_END]


FAULTS: dict[str, tuple[Answer, str]] = {
    "400": (error(400, "context_length_exceeded"), "upstream_rejected"),
    "401": (error(401), "upstream_error"),
    "429": (error(429, headers={"retry-after": "7"}), "upstream_rate_limited"),
    "500": (error(500), "upstream_error"),
    "529": (error(529), "upstream_error"),
    "cut before": (cut(1), "upstream_error"),
    "malformed": (odd(b"data: {\n\n"), "upstream_error"),
    "wrong type": (raw(whole(200, {"a": 1})), "upstream_error"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("streaming", [False, True], ids=["json", "stream"])
def test_faults_before_the_first_word_cost_nothing(shop: Shop, name: str, streaming: bool) -> None:
    answer, code = FAULTS[name]
    if name == "cut before" and not streaming:
        answer = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", CLOSE)
    shop.house.upstreams["modern"].script(answer)

    with pytest.raises(openai.APIStatusError) as failed:
        shop.client().responses.create(**LARGE, stream=streaming)

    assert failed.value.code == code
    assert shop.call().total == 0
    if name == "429":
        assert failed.value.response.headers["retry-after"] == "7"


def test_missing_usage_is_counted_by_ourselves(shop: Shop, streaming: bool) -> None:
    shop.house.upstreams["modern"].script(response(Said(usage=None)))

    answer = shop.client().responses.create(**LARGE, stream=streaming)
    if streaming:
        list(answer)  # type: ignore[call-overload]

    call = shop.call()
    call.assert_counted("Hello from the upstream", basis="estimated", flags=("usage_missing",))


def test_usage_told_twice_counts_once(shop: Shop) -> None:
    shop.house.upstreams["modern"].script(twice)

    list(shop.client().responses.create(**LARGE, stream=True))

    shop.call().assert_charged("vendor/large", input=3, output=4)


def test_a_stall_after_the_first_word_is_waited_for(shop: Shop) -> None:
    def slowly(request: Any) -> list[Any]:
        events: list[Json | bytes] = list(events_of(request, Said()))
        parts = [framed(event) for event in events if isinstance(event, bytes)]
        return [STREAM_HEAD, *parts[:5], 0.3, *parts[5:], STREAM_END]

    shop.house.upstreams["modern"].script(slowly)

    events = list(shop.client().responses.create(**LARGE, stream=True))

    assert events[-1].type == "response.completed"
    shop.call().assert_charged("vendor/large", input=3, output=4)
