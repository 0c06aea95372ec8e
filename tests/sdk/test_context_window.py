"""The window from outside: what of a long conversation reaches the upstream, and what is told."""

from typing import Any

import pytest

from tests.sdk.context_house import Client, ContextHouse

WINDOW = 400
WORDS = "word " * 60
"""Sixty tokens, and a few around each."""
SYSTEM = {"role": "system", "content": "Be brief."}
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
GENERATION = "/api/v1/services/aigc/text-generation/generation"


@pytest.fixture
def house(context_house: ContextHouse) -> ContextHouse:
    context_house.clear()
    return context_house


@pytest.fixture
def client(house: ContextHouse) -> Client:
    return house.client(window_tokens=WINDOW)


def turns(count: int) -> list[dict[str, Any]]:
    """Pairs of a question and its answer, and one more question; each says its number."""
    asked = [
        {"role": role, "content": f"{WORDS}{number}"}
        for number in range(count)
        for role in ("user", "assistant")
    ]
    return [*asked, {"role": "user", "content": f"last of {count}"}]


def body_of(path: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    if path == MESSAGES:
        return {"model": "tenth", "system": "Be brief.", "messages": messages, "max_tokens": 9}
    if path == RESPONSES:
        return {"model": "tenth", "input": [SYSTEM, *messages]}
    if path == GENERATION:
        return {"model": "tenth", "input": {"messages": [SYSTEM, *messages]}}
    return {"model": "tenth", "messages": [SYSTEM, *messages]}


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES, GENERATION])
def test_the_oldest_turns_of_a_long_conversation_stay_here(
    house: ContextHouse, client: Client, path: str
) -> None:
    long = turns(6)
    answer = client.send(path, body_of(path, long))

    assert answer.status_code == 200, answer.text
    received = [(m["role"], text_of(m)) for m in house.received[0].json["messages"]]
    assert received[0][1] == "Be brief."
    assert received[1:] == [(m["role"], m["content"]) for m in long[8:]]
    assert answer.headers["x-context-trimmed"] == "8"


def text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def test_what_is_within_the_window_goes_on_as_it_came(house: ContextHouse, client: Client) -> None:
    answer = client.send(CHAT, body_of(CHAT, turns(2)))

    assert "x-context-trimmed" not in answer.headers
    assert house.received[0].json["messages"] == [SYSTEM, *turns(2)]


def test_only_what_is_sent_is_held_for(house: ContextHouse, client: Client) -> None:
    body = {**body_of(CHAT, turns(40)), "max_tokens": 9}
    whole = house.client()
    for who in (whole, client):
        who.send(CHAT, body)

    held = {
        f"cus_{fact['customer_id']}": fact["input_tokens"]
        for topic, fact in house.gateway.events()
        if topic.startswith("inference_request.reserved")
    }
    assert held[whole.customer.customer_id] > 40 * 120
    assert held[client.customer.customer_id] < WINDOW * 1.35


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES, GENERATION])
def test_a_last_turn_beyond_the_window_is_refused(
    house: ContextHouse, client: Client, path: str
) -> None:
    answer = client.send(path, body_of(path, [{"role": "user", "content": WORDS * 8}]))

    assert answer.status_code == 400
    assert "window is 400" in answer.text
    assert not house.received


def test_a_change_of_the_window_counts_for_the_next_call_of_every_worker(
    house: ContextHouse, client: Client
) -> None:
    body = body_of(CHAT, turns(6))
    for window, dropped in ((None, None), (WINDOW, "8"), (256, "10"), (None, None)) * 2:
        client.configure(window_tokens=window)
        told = {client.send(CHAT, body).headers.get("x-context-trimmed") for _ in range(6)}
        assert told == {dropped}


def test_the_trimmed_call_is_the_one_that_is_kept(house: ContextHouse, client: Client) -> None:
    client.configure(cache_seconds=600)
    first, other = turns(6), turns(6)
    other[0]["content"] = "Something else, which nobody reads."

    answers = [client.send(CHAT, body_of(CHAT, messages)) for messages in (first, other)]

    assert [answer.headers["x-tollbook-cache"] for answer in answers] == ["miss", "hit"]
    assert len(house.received) == 1
