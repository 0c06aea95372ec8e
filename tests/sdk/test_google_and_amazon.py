"""OpenAI's SDK in front of Gemini and Bedrock: what goes there comes back, signatures too."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from freezegun import freeze_time

from tests.adapters.protocols.event_stream import event
from tests.gateway_process import GatewayProcess
from tests.matrix.wire import chunked, sse_answer, whole_answer
from tests.scripted_answers import Received
from tests.scripted_upstream import ScriptedUpstream, raw
from tests.sdk.books import Books
from tests.sdk.catalog import PRICES
from tests.sdk.houses import visited
from tests.sdk.shop import QUESTION, House, Shop

PROVIDER = """
[[providers]]
name = "{0}"
protocol = "{0}"
base_url = "{1}"
"""
MODEL = """
[[models]]
id = "{0}"
kind = "{1}"
context_tokens = 128000
max_output_tokens = 16384
price = {{ {4} }}
[[models.routes]]
provider = "{2}"
model = "{3}"
"""
CLAUDE_ID = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
# The books know the prices of these names.
GEMINI, CLAUDE, VECTORS = "small", "vendor/large", "tiny"
AWS = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "aws-secret",
    "AWS_SESSION_TOKEN": "aws-token",
    "AWS_REGION": "eu-west-1",
}
TOOLS: Any = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
GEMINI_USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}
BEDROCK_USAGE = {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}
CALL = {"functionCall": {"id": "c1", "name": "look", "args": {"at": 1}}, "thoughtSignature": "c2ln"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ScriptedUpstream() as gemini, ScriptedUpstream() as bedrock:
        catalog = 'currency = "USD"' + "".join(
            (
                PROVIDER.format("gemini", gemini.url + "beta"),
                'api_key_env = "SCRIPTED_API_KEY"\n',
                PROVIDER.format("bedrock", bedrock.url.removesuffix("/v1")),
                model(GEMINI, "chat", "gemini", "gemini-3-flash"),
                model(VECTORS, "embeddings", "gemini", "gemini-embedding-001"),
                model(CLAUDE, "chat", "bedrock", CLAUDE_ID),
            )
        )
        folder = tmp_path_factory.mktemp("google-and-amazon")
        with (
            GatewayProcess(folder, catalog=catalog, environ=AWS) as gateway,
            gateway.database() as connection,
        ):
            yield House(gateway, {"gemini": gemini, "bedrock": bedrock}, Books(connection))


def model(*names: str) -> str:
    price = ", ".join(f'{name} = "{amount}"' for name, amount in PRICES[names[0]].items())
    return MODEL.format(*names, price)


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with visited(house) as shop:
        yield shop


def gemini(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["gemini"]


def bedrock(shop: Shop) -> ScriptedUpstream:
    return shop.house.upstreams["bedrock"]


def candidate(*parts: Any, finish: str = "STOP") -> Any:
    said = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    return {"candidates": [said], "usageMetadata": GEMINI_USAGE}


def used(shop: Shop) -> Any:
    charged = shop.call().charged
    return charged["basis"], charged["usage"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_geminis_signature_of_a_call_comes_back_to_it(shop: Shop, stream: bool) -> None:
    answer = sse_answer([("", candidate(CALL))]) if stream else whole_answer(candidate(CALL))
    gemini(shop).script(raw(*answer), raw(*whole_answer(candidate({"text": "Seen."}))))
    client = shop.client()
    given: Any = {"model": GEMINI, "tools": TOOLS}
    if stream:
        with client.chat.completions.stream(messages=QUESTION, **given) as events:
            message = events.get_final_completion().choices[0].message
    else:
        first = client.chat.completions.create(messages=QUESTION, **given)
        message = first.choices[0].message

    assert message.tool_calls
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "18C"}
    history = [*QUESTION, message.model_dump(exclude_none=True, exclude={"parsed"}), result]
    for call in history[1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    last = client.chat.completions.create(messages=history, **given)

    assert last.choices[0].message.content == "Seen."
    sent = gemini(shop).requests[1].json["contents"]
    assert sent[1] == {"role": "model", "parts": [CALL]}
    assert sent[2]["parts"][0]["functionResponse"]["response"] == {"output": "18C"}
    assert [call.charged["usage"] for call in shop.calls(2)] == [{"input": 9, "output": 4}] * 2


def test_claudes_signed_thoughts_come_back_to_it(shop: Shop) -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": 1}}}
    for content, reason in (([thought, call], "tool_use"), ([{"text": "Seen."}], "end_turn")):
        message = {"message": {"role": "assistant", "content": content}}
        body = {"output": message, "stopReason": reason, "usage": BEDROCK_USAGE}
        bedrock(shop).script(raw(*whole_answer(body)))
    client = shop.client()
    given: Any = {"model": CLAUDE, "tools": TOOLS, "reasoning_effort": "low", "max_tokens": 5000}

    said = client.chat.completions.create(messages=QUESTION, **given).choices[0].message
    assert said.tool_calls
    result = {"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": "18C"}
    history = [*QUESTION, said.model_dump(exclude_none=True), result]
    client.chat.completions.create(messages=history, **given)

    first, second = (request.json for request in bedrock(shop).requests)
    assert second["messages"][1]["content"] == [thought, call]
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    assert first["additionalModelRequestFields"] == thinking
    assert second["additionalModelRequestFields"] == thinking
    shop.calls(2)


def signed_again(request: Received) -> str:
    """The signature that Amazon would expect of the very bytes that arrived."""
    url = f"http://{request.headers['host']}{request.path}"
    headers = {"content-type": request.headers["content-type"]}
    again = AWSRequest("POST", url, headers=headers, data=request.raw)
    stamp = request.headers["x-amz-date"]
    with freeze_time(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:15]}"):
        keys = Credentials("AKID", "aws-secret", "aws-token")
        SigV4Auth(keys, "bedrock", "eu-west-1").add_auth(again)
    signature: str = again.headers["Authorization"]
    return signature


def test_what_arrives_at_bedrock_bears_the_signature_of_exactly_that(shop: Shop) -> None:
    delta = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi ☃"}})
    stopped = event("messageStop", {"stopReason": "end_turn"})
    usage = event("metadata", {"usage": BEDROCK_USAGE})
    bedrock(shop).script(
        raw(*chunked([delta + stopped, usage], b"application/vnd.amazon.eventstream"))
    )
    chunks = shop.client().chat.completions.create(model=CLAUDE, messages=QUESTION, stream=True)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hi ☃"
    [request] = bedrock(shop).requests
    assert request.path == f"/model/{CLAUDE_ID.replace(':', '%3A')}/converse-stream"
    assert request.headers["authorization"] == signed_again(request)
    assert used(shop) == ("reported", {"input": 9, "output": 4})


def test_a_stream_of_bedrock_that_ends_before_its_usage_is_charged_by_our_count(
    shop: Shop,
) -> None:
    delta = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello there"}})
    stopped = event("messageStop", {"stopReason": "end_turn"})
    bedrock(shop).script(raw(*chunked([delta, stopped], b"application/vnd.amazon.eventstream")))
    list(shop.client().chat.completions.create(model=CLAUDE, messages=QUESTION, stream=True))

    charged = shop.call().charged
    assert (charged["basis"], charged["flags"]) == ("estimated", ["usage_missing"])
    assert charged["usage"]["output"] == 2


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_prompt_that_google_blocks_is_filtered_and_owes_its_tokens(
    shop: Shop, stream: bool
) -> None:
    usage = {"promptTokenCount": 9, "totalTokenCount": 9}
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage}
    gemini(shop).script(raw(*(sse_answer([("", blocked)]) if stream else whole_answer(blocked))))
    client = shop.client()
    if stream:
        chunks = client.chat.completions.create(model=GEMINI, messages=QUESTION, stream=True)
        reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    else:
        whole = client.chat.completions.create(model=GEMINI, messages=QUESTION)
        reasons = [choice.finish_reason for choice in whole.choices]

    assert reasons[-1] == "content_filter"
    assert used(shop) == ("reported", {"input": 9})


def test_a_stream_of_gemini_that_ends_without_a_reason_is_broken(shop: Shop) -> None:
    unfinished = candidate({"text": "Hello there"}, finish="")
    del unfinished["usageMetadata"]
    gemini(shop).script(raw(*sse_answer([("", unfinished)])))
    chunks = shop.client().chat.completions.create(model=GEMINI, messages=QUESTION, stream=True)

    with pytest.raises(openai.APIError, match=r"."):
        list(chunks)
    charged = shop.call().charged
    assert (charged["basis"], charged["flags"]) == ("partial", ["truncated", "usage_missing"])


def test_embeddings_of_gemini_reach_openais_sdk_and_are_charged_by_our_count(shop: Shop) -> None:
    vectors = {"embeddings": [{"values": [0.5, -1.25]}, {"values": [2.0, 0.0]}]}
    gemini(shop).script(raw(*whole_answer(vectors)))
    answer = shop.client().embeddings.create(model=VECTORS, input=["one two", "three"])

    assert [item.embedding for item in answer.data] == [[0.5, -1.25], [2.0, 0.0]]
    [request] = gemini(shop).requests
    assert request.path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    charged = shop.call().charged
    assert (charged["basis"], charged["flags"]) == ("estimated", ["usage_missing"])
    assert charged["usage"] == {"input": answer.usage.prompt_tokens}


@pytest.mark.parametrize("name", [GEMINI, CLAUDE])
@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("logit_bias", {"logit_bias": {"1": 1}}),
        ("n", {"n": 2}),
        (
            "parallel_tool_calls",
            {"tools": TOOLS, "parallel_tool_calls": False, "tool_choice": "required"},
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name_before_anything_is_held(
    shop: Shop, name: str, field: str, more: Any
) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        shop.client().chat.completions.create(model=name, messages=QUESTION, **more)

    assert refusal.value.param == field
    assert not shop.calls(0)


def test_no_secret_of_amazons_or_googles_reaches_the_log(shop: Shop) -> None:
    secret = json.dumps({"message": "aws-secret sk-upstream"}).encode()
    head = b"HTTP/1.1 403 No\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    bedrock(shop).script(*[raw(head % len(secret) + secret)] * 3)
    with pytest.raises(openai.InternalServerError):
        shop.client().chat.completions.create(model=CLAUDE, messages=QUESTION)

    for word in ("aws-secret", "aws-token", "sk-upstream"):
        assert word not in shop.house.log
        assert not shop.house.books.mention(word)
    shop.call().assert_released("upstream_error")
