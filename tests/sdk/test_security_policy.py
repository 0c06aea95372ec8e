"""The security policy from outside: what goes upstream, what is answered, kept and deleted."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.scripted_upstream import completion, stream, tool_call
from tests.sdk.books import wait_until
from tests.sdk.security_house import Guarded, SecurityHouse, open_security_house

MAIL, CARD = "ada@example.com", "4111-1111-1111-1111"
TEXT = f"Write to {MAIL} about {CARD} and {MAIL} today"
MASKED = "Write to [EMAIL_1] about [CARD_1] and [EMAIL_1] today"
MASKS = ["email", "card"]
SSE = {"x-dashscope-sse": "enable"}
GENERATION = "/api/v1/services/aigc/text-generation/generation"


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def bodies(text: str) -> dict[str, tuple[str, dict[str, Any], dict[str, str]]]:
    """A request of each surface: path, body, headers; those with a dash are streams."""
    chat = {"model": "chat-model", "messages": said(text)}
    prompt = {"model": "completions-model", "prompt": text, "max_tokens": 50}
    messages = {"model": "messages-model", "max_tokens": 50, "messages": said(text)}
    responses = {"model": "responses-model", "input": text}
    message = {"result_format": "message"}
    qwen = {"model": "dashscope-model", "input": {"messages": said(text)}, "parameters": message}
    new = {**qwen, "parameters": {**message, "incremental_output": True}}
    on = {"stream": True}
    return {
        "chat": ("/v1/chat/completions", chat, {}),
        "chat-stream": ("/v1/chat/completions", chat | on, {}),
        "joytoken": ("/openai/v1/chat/completions", chat, {}),
        "completions": ("/v1/completions", prompt, {}),
        "completions-stream": ("/v1/completions", prompt | on, {}),
        "messages": ("/v1/messages", messages, {}),
        "messages-stream": ("/v1/messages", messages | on, {}),
        "converted": ("/v1/messages", messages | {"model": "chat-model"}, {}),
        "converted-stream": ("/v1/messages", messages | {"model": "chat-model"} | on, {}),
        "responses": ("/v1/responses", responses, {}),
        "responses-stream": ("/v1/responses", responses | on, {}),
        "dashscope": (GENERATION, qwen, {}),
        "dashscope-stream": (GENERATION, qwen, SSE),
        "dashscope-incremental": (GENERATION, new, SSE),
    }


SURFACES = tuple(bodies(""))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecurityHouse]:
    with open_security_house(tmp_path_factory.mktemp("security")) as house:
        yield house


@pytest.fixture
def house(opened: SecurityHouse) -> SecurityHouse:
    opened.clear()
    return opened


def ask(client: Guarded, surface: str, text: str = TEXT) -> httpx.Response:
    path, body, headers = bodies(text)[surface]
    return client.send(path, body, **headers)


def words(answer: httpx.Response) -> str:
    """Everything that an answer says, whichever its protocol, in one text."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.text
    return "".join(
        line.removeprefix("data:") for line in answer.text.split("\n") if line.startswith("data:")
    )


@pytest.mark.parametrize("surface", SURFACES)
def test_data_never_goes_upstream_and_is_in_the_answer_again(
    house: SecurityHouse, surface: str
) -> None:
    client = house.guarded(masks=MASKS, logging={"enabled": True})

    answer = ask(client, surface)

    assert answer.status_code == 200, answer.text
    (received,) = house.received
    assert MASKED.encode() in received
    assert MAIL.encode() not in received
    assert MAIL in words(answer)
    assert "EMAIL_" not in words(answer)
    wait_until(lambda: client.content(answer).is_success, "the call's content")
    content = client.content(answer).json()["data"]
    assert MASKED in content["prompt"]
    assert "[EMAIL_1]" in content["answer"]
    assert MAIL not in json.dumps(content)
    assert not house.books.mention(MAIL)
    assert MAIL not in house.log


@pytest.mark.parametrize("surface", ["chat-stream", "converted-stream"])
def test_a_placeholder_that_a_stream_cuts_in_pieces_is_whole_again(
    house: SecurityHouse, surface: str
) -> None:
    house.upstreams["chat"].script(stream(["To [EM", "AIL", "_1", "], [EMAIL_7] and [", "x]"]))
    client = house.guarded(masks=MASKS)

    answer = ask(client, surface)

    pieces = [json.loads(line[6:]) for line in answer.text.split("\n") if line[:7] == "data: {"]
    texts = [
        event["choices"][0]["delta"].get("content", "") if event.get("choices")
        else event.get("delta", {}).get("text", "")
        for event in pieces
    ]  # fmt: skip
    assert "".join(filter(None, texts)) == f"To {MAIL}, [EMAIL_7] and [x]"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_a_tool_gets_the_values_themselves(house: SecurityHouse, streamed: bool) -> None:
    call = tool_call("send", {"to": "[EMAIL_1]", "card": "[CARD_1]"})
    house.upstreams["chat"].script((stream if streamed else completion)("", tool_calls=[call]))
    client = house.guarded(masks=MASKS)

    answer = ask(client, "chat-stream" if streamed else "chat")

    if streamed:
        events = [json.loads(line[6:]) for line in answer.text.split("\n") if "tool_calls" in line]
        calls = [event["choices"][0]["delta"].get("tool_calls") for event in events]
        arguments = "".join(one[0]["function"]["arguments"] for one in calls if one)
    else:
        (found,) = answer.json()["choices"][0]["message"]["tool_calls"]
        arguments = found["function"]["arguments"]
    assert json.loads(arguments) == {"to": MAIL, "card": CARD}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_blocked_term_refuses_the_call_before_anything_is_held(
    house: SecurityHouse, surface: str
) -> None:
    rules = [{"id": "no-birds", "term": "Falcon", "action": "block"}]
    client = house.guarded(content_rules=rules)

    answer = ask(client, surface, "the falcon flies")

    assert answer.status_code == 400
    assert "content_blocked" in answer.text or "no-birds" in answer.text
    assert "falcon" not in answer.text.lower()
    assert house.received == []
    assert house.books.calls_of(client.customer.customer_id) == []


def test_a_masked_term_comes_back_in_the_answer(house: SecurityHouse) -> None:
    rules = [{"id": "names", "term": "project falcon", "action": "mask"}]
    client = house.guarded(content_rules=rules)

    answer = ask(client, "chat", "about Project Falcon only")

    assert b"about [TERM_1] only" in house.received[0]
    assert answer.json()["choices"][0]["message"]["content"] == "about Project Falcon only"
    assert not house.books.mention("alcon")


def test_a_change_is_obeyed_by_the_next_call_of_every_worker(house: SecurityHouse) -> None:
    client = house.guarded()
    for masks in ([], ["email"], [], ["card"]):
        client.protect(masks=masks)
        house.clear()

        for _ in range(6):
            assert ask(client, "chat").is_success

        assert all((MAIL.encode() in raw) == ("email" not in masks) for raw in house.received)
        assert all((CARD.encode() in raw) == ("card" not in masks) for raw in house.received)


def test_a_count_of_tokens_sends_nothing_unmasked(house: SecurityHouse) -> None:
    client = house.guarded()
    body = {"model": "messages-model", "messages": said(TEXT)}

    for masks, sent in (([], TEXT), (MASKS, MASKED)):
        client.protect(masks=masks)
        house.clear()
        answers = [client.send("/v1/messages/count_tokens", body) for _ in range(6)]

        assert {answer.headers["x-token-count-source"] for answer in answers} == {"provider"}
        assert [sent.encode() in raw for raw in house.received] == [True] * 6


def test_no_model_outside_the_scope_answers(house: SecurityHouse) -> None:
    client = house.guarded(model_scope={"mode": "single", "model_ids": ["chat-model"]})

    assert ask(client, "chat").is_success
    assert ask(client, "messages").status_code == 403
    client.protect(model_scope={"mode": "automatic"})
    assert ask(client, "messages").is_success


def test_without_logging_nothing_is_kept(house: SecurityHouse) -> None:
    client = house.guarded(masks=MASKS)

    answer = ask(client, "chat")

    assert client.content(answer).status_code == 404
    assert house.kept(client) == 0


def test_what_is_kept_is_deleted_after_its_days(house: SecurityHouse) -> None:
    client = house.guarded(logging={"enabled": True}, retention_days=2)
    answer = ask(client, "chat")
    wait_until(lambda: house.kept(client) == 1, "the content")

    house.age(client, 1.9)
    assert client.content(answer).is_success
    client.protect(retention_days=1)
    assert client.content(answer).status_code == 404
    wait_until(lambda: house.kept(client) == 0, "a round")


def test_what_is_kept_outlives_rounds_until_its_time(house: SecurityHouse) -> None:
    client = house.guarded(logging={"enabled": True}, retention_days=2)
    other = house.guarded(logging={"enabled": True}, retention_days=1)
    ask(client, "chat")
    ask(other, "chat")
    wait_until(lambda: house.kept(client) == house.kept(other) == 1, "both contents")

    house.age(client, 1.5)
    house.age(other, 1.5)
    wait_until(lambda: house.kept(other) == 0, "a round")

    assert house.kept(client) == 1


def test_switching_logging_off_deletes_everything(house: SecurityHouse) -> None:
    client = house.guarded(logging={"enabled": True})
    answer = ask(client, "chat-stream")
    wait_until(lambda: house.kept(client) == 1, "the content")

    client.protect(logging={"enabled": False})

    assert client.content(answer).status_code == 404
    wait_until(lambda: house.kept(client) == 0, "a round")


def test_nobody_elses_words_are_shown(house: SecurityHouse) -> None:
    client, other = (house.guarded(logging={"enabled": True}) for _ in range(2))
    answer = ask(client, "chat")
    wait_until(lambda: client.content(answer).is_success, "the content")

    assert other.content(answer).status_code == 404


@pytest.mark.parametrize("surface", ["chat", "chat-stream"])
def test_an_answer_given_again_has_the_values_of_the_call_that_it_answers(
    house: SecurityHouse, surface: str
) -> None:
    client = house.guarded(masks=MASKS)
    client.configure(cache_seconds=60)

    first, again = ask(client, surface, f"to {MAIL}"), ask(client, surface, "to bob@example.org")

    assert (first.headers["x-tollbook-cache"], again.headers["x-tollbook-cache"]) == ("miss", "hit")
    assert len(house.received) == 1
    assert (MAIL in words(first), MAIL in words(again)) == (True, False)
    assert "bob@example.org" in words(again)


def test_a_call_is_booked_under_its_tag_whatever_is_masked(house: SecurityHouse) -> None:
    rules = [{"id": "bird", "term": "falcon", "action": "mask"}]
    client = house.guarded(content_rules=rules)
    path, body, _ = bodies("the falcon")["chat"]
    metadata = {"cost_center": "falcon", "note": "a falcon"}

    answer = client.send(path, body | {"metadata": metadata})

    assert answer.status_code == 200, answer.text
    received = json.loads(house.received[0])
    assert received["metadata"] == {"cost_center": "falcon", "note": "a [TERM_1]"}
    assert received["messages"] == said("the [TERM_1]")
