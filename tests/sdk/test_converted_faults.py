"""An OpenAI-compatible upstream of callers who speak another protocol: every fault, one settlement.

The callers here complete texts; what they are sent is a chat's answer, converted.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.scripted_upstream import (
    Answer,
    error,
    in_stream_error,
    raw,
    reset,
    sse,
    stream,
    truncated_stream,
    usage_of,
)
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.sdk.text_house import open_text_house

HTML = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"
MALFORMED = sse(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n', b"data: {\n\n")


@pytest.fixture(scope="module")
def text_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_text_house(tmp_path_factory.mktemp("text")) as house:
        yield house


@pytest.fixture
def shop(text_house: House) -> Iterator[Shop]:
    with visited(text_house) as shop:
        yield shop


def ask(shop: Shop, answer: Answer, *, streamed: bool = True) -> httpx.Response:
    """Ask a chat model to complete a text of three tokens."""
    shop.upstream.script(answer)
    body: Any = {"model": "chats", "prompt": "one two three", "stream": streamed}
    return shop.http().post("/v1/completions", json=body)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (error(400, "bad", "secret"), 400, "upstream_rejected"),
        (error(401), 502, "upstream_error"),
        (error(429, headers={"retry-after": "7"}), 429, "upstream_rate_limited"),
        (error(429, "insufficient_quota"), 502, "upstream_error"),
        (error(500), 502, "upstream_error"),
        (error(529), 502, "upstream_error"),
        (reset(), 502, "upstream_error"),
        (raw(HTML), 502, "upstream_error"),
    ],
    ids=["400", "401", "429", "our quota", "500", "529", "reset", "HTML"],
)
def test_a_failure_before_any_output_costs_nothing(
    shop: Shop, fault: Answer, status: int, code: str, streamed: bool
) -> None:
    answer = ask(shop, fault, streamed=streamed)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert "secret" not in answer.text
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert shop.call().total == 0


@pytest.mark.parametrize(
    "fault",
    [
        in_stream_error(after=2),
        truncated_stream(after=2),
        truncated_stream(after=2, politely=True),
        reset(after=2),
        MALFORMED,
    ],
    ids=["error event", "cut", "cut politely", "reset", "malformed frame"],
)
def test_a_stream_that_breaks_says_so_and_is_charged_for_what_it_said(
    shop: Shop, fault: Answer
) -> None:
    answer = ask(shop, fault)

    assert answer.status_code == 200
    *_, last, _ = answer.text.split("\n\n")
    assert last.startswith('data: {"error":')
    assert "[DONE]" not in answer.text
    call = shop.call()
    assert (call.charged["basis"], call.charged["flags"]) == (
        "partial",
        ["truncated", "usage_missing"],
    )
    assert 0 < call.total <= call.held


def test_a_stream_without_usage_is_counted(shop: Shop) -> None:
    ask(shop, stream(["one ", "two"], usage=None))

    shop.call().assert_counted("one two", basis="estimated", flags=("usage_missing",))


def test_of_two_usages_the_last_counts(shop: Shop) -> None:
    ask(shop, stream(["one ", "two"], usage_on="every_chunk", usage=usage_of(3, 2)))

    shop.call().assert_charged("chats", input=3, output=2)


def test_a_stream_without_an_end_mark_but_with_a_reason_is_whole(shop: Shop) -> None:
    answer = ask(shop, stream(["one"], done=False))

    assert answer.text.endswith("data: [DONE]\n\n")
    assert shop.call().charged["flags"] == []
