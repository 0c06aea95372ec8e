"""The matrix's upstream that speaks Bedrock's Converse, binary frames and all."""

import json
import struct
import zlib
from typing import Any
from urllib.parse import unquote

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import chunked, whole_answer
from tests.scripted_answers import Answer, Received

PATH = ""
USAGE: Json = {
    "inputTokens": 100,
    "outputTokens": 30,
    "totalTokens": 1080,
    "cacheReadInputTokens": 900,
    "cacheWriteInputTokens": 50,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 50}],
}
STOPS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return unquote(request.path.split("/")[2])


def seen_in(request: Received) -> Seen:
    """Read the request as Bedrock would."""
    body = request.json
    inference: Json = body.get("inferenceConfig") or {}
    seen = Seen(
        max_tokens=inference.get("maxTokens") or 0, stop=inference.get("stopSequences") or []
    )
    seen.system = "".join(block["text"] for block in body.get("system") or () if "text" in block)
    for message in body["messages"]:
        for block in message["content"]:
            _see(message["role"], block, seen)
    tools: Any = (body.get("toolConfig") or {}).get("tools") or ()
    seen.tools = [tool["toolSpec"]["name"] for tool in tools]
    output: Json = body.get("outputConfig") or {}
    if "textFormat" in output:
        seen.schema = json.loads(output["textFormat"]["structure"]["jsonSchema"]["schema"])
    extra: Json = body.get("additionalModelRequestFields") or {}
    seen.thinking = "effort" in output or "thinking" in extra or "reasoning_config" in extra
    return seen


def _see(role: str, block: Json, seen: Seen) -> None:
    if "image" in block:
        seen.image = block["image"]["source"]["bytes"]
    elif "toolUse" in block:
        seen.calls.append(block["toolUse"]["input"])
    elif "toolResult" in block:
        seen.results.append(block["toolResult"]["content"][0]["text"])
    elif role == "user" and "text" in block:
        seen.text += block["text"]


def answer_with(feature: Feature) -> Answer:
    """Answer as Bedrock does."""

    def answer(request: Received) -> list[bytes]:
        if request.path.endswith("/converse-stream"):
            frames = [frame(name, body) for name, body in _events(feature)]
            return chunked(frames, b"application/vnd.amazon.eventstream")
        return whole_answer(_response(feature))

    return answer


def frame(name: str, body: Json) -> bytes:
    """One event: lengths, their checksum, headers, payload, and the checksum of all."""
    headers = b"".join(
        bytes([len(key)]) + key + b"\x07" + struct.pack(">H", len(value)) + value
        for key, value in (
            (b":message-type", b"event"),
            (b":event-type", name.encode()),
            (b":content-type", b"application/json"),
        )
    )
    payload = json.dumps(body).encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _reason(feature: Feature) -> str:
    return "stop_sequence" if feature.stop_word else STOPS[feature.stop]


def _response(feature: Feature) -> Json:
    content: list[Json] = []
    if feature.thoughts:
        thought = {"text": feature.thoughts, "signature": "c2ln"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if feature.text:
        content.append({"text": feature.text})
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}
        for call in feature.calls
    ]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _reason(feature),
        "usage": USAGE,
        "metrics": {"latencyMs": 3},
    }


def _events(feature: Feature) -> list[tuple[str, Json]]:
    blocks: list[tuple[Json | None, list[Json]]] = []
    if feature.thoughts:
        thoughts = [{"reasoningContent": {"text": piece}} for piece in pieces(feature.thoughts)]
        blocks.append((None, [*thoughts, {"reasoningContent": {"signature": "c2ln"}}]))
    if feature.text:
        blocks.append((None, [{"text": piece} for piece in pieces(feature.text)]))
    for call in feature.calls:
        deltas = [{"toolUse": {"input": piece}} for piece in pieces(json.dumps(call.arguments))]
        blocks.append(({"toolUse": {"toolUseId": call.id, "name": call.name}}, deltas))
    events: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]
    for index, (start, deltas) in enumerate(blocks):
        at: Json = {"contentBlockIndex": index}
        if start:
            events.append(("contentBlockStart", {**at, "start": start}))
        events += [("contentBlockDelta", {**at, "delta": delta}) for delta in deltas]
        events.append(("contentBlockStop", at))
    events.append(("messageStop", {"stopReason": _reason(feature)}))
    return [*events, ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 3}})]
