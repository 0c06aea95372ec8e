"""The scripted Bedrock is checked with Amazon's own library, so that it cannot drift."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from tests.adapters.protocols.event_stream import exception
from tests.matrix.features import FEATURES, Feature
from tests.matrix.upstreams import bedrock
from tests.matrix.wire import chunked
from tests.scripted_answers import raw, whole
from tests.scripted_upstream import ScriptedUpstream

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO: Any = [{"role": "user", "content": [{"text": "Hello."}]}]


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[Any]:
    client: Any = boto3.client(
        "bedrock-runtime",
        endpoint_url=upstream.url.removesuffix("/v1"),
        region_name="us-east-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def assembled(events: Any) -> tuple[list[Any], Any, Any]:
    """What a stream adds up to, as a caller of Amazon's library would do it."""
    blocks: dict[int, Any] = {}
    reason = usage = None
    for event in events:
        [(name, body)] = event.items()
        if name == "contentBlockStart":
            blocks[body["contentBlockIndex"]] = {
                "toolUse": {**body["start"]["toolUse"], "input": ""}
            }
        elif name == "contentBlockDelta":
            _grow(blocks, body["contentBlockIndex"], body["delta"])
        elif name == "messageStop":
            reason = body["stopReason"]
        elif name == "metadata":
            usage = body["usage"]
    return list(map(_closed, blocks.values())), reason, usage


def _grow(blocks: dict[int, Any], index: int, delta: Any) -> None:
    if "toolUse" in delta:
        blocks[index]["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "text" in delta:
        block = blocks.setdefault(index, {"text": ""})
        block["text"] += delta["text"]
    else:
        thought = blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
        told = thought["reasoningContent"]["reasoningText"]
        for name, more in delta["reasoningContent"].items():
            told[name] = told.get(name, "") + more


def _closed(block: Any) -> Any:
    if "toolUse" in block:
        block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return block


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_amazons_library_reads_every_answer_as_it_is_meant(
    upstream: ScriptedUpstream, client: Any, feature: Feature, stream: bool
) -> None:
    upstream.script(bedrock.answer_with(feature))

    if stream:
        answer = client.converse_stream(modelId=MODEL, messages=HELLO)
        with contextlib.closing(answer["stream"]) as events:
            blocks, reason, usage = assembled(events)
    else:
        answer = client.converse(modelId=MODEL, messages=HELLO)
        blocks, reason, usage = (
            answer["output"]["message"]["content"],
            answer["stopReason"],
            answer["usage"],
        )

    thought = {"reasoningText": {"text": feature.thoughts, "signature": "c2ln"}}
    expected: list[Any] = [{"reasoningContent": thought}] if feature.thoughts else []
    expected += [{"text": feature.text}] if feature.text else []
    expected += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}
        for call in feature.calls
    ]
    assert blocks == expected
    assert reason == ("stop_sequence" if feature.stop_word else bedrock.STOPS[feature.stop])
    assert usage == bedrock.USAGE


def test_amazons_library_asks_as_our_scripted_upstream_expects(
    upstream: ScriptedUpstream, client: Any
) -> None:
    """What its requests say is found where ours say it, and pictures are base64 on the wire."""
    upstream.script(bedrock.answer_with(FEATURES[0]))
    picture = {"image": {"format": "png", "source": {"bytes": b"some bytes"}}}
    client.converse(
        modelId=MODEL,
        system=[{"text": "Be brief."}],
        messages=[{"role": "user", "content": [{"text": "Hello."}, picture]}],
        inferenceConfig={"maxTokens": 9, "stopSequences": ["END"]},
    )

    [request] = upstream.requests
    assert request.path == f"/model/{MODEL.replace(':', '%3A')}/converse"
    assert bedrock.model_in(request) == MODEL
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    seen = bedrock.seen_in(request)
    assert (seen.text, seen.system, seen.image) == ("Hello.", "Be brief.", "c29tZSBieXRlcw==")
    assert (seen.max_tokens, seen.stop) == (9, ["END"])


def test_an_error_is_named_by_its_header(upstream: ScriptedUpstream, client: Any) -> None:
    headers = {"x-amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/"}
    upstream.script(raw(whole(429, {"message": "slow down"}, headers)))
    with pytest.raises(ClientError) as failure:
        client.converse(modelId=MODEL, messages=HELLO)
    assert failure.value.response["Error"]["Code"] == "ThrottlingException"


def test_an_exception_within_a_stream_is_raised(upstream: ScriptedUpstream, client: Any) -> None:
    frames = [
        bedrock.frame("messageStart", {"role": "assistant"}),
        exception("throttlingException"),
    ]
    upstream.script(raw(*chunked(frames, b"application/vnd.amazon.eventstream")))
    answer = client.converse_stream(modelId=MODEL, messages=HELLO)
    with (
        contextlib.closing(answer["stream"]) as events,
        pytest.raises(EventStreamError, match="throttlingException"),
    ):
        list(events)
