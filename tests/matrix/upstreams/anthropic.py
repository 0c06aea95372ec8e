"""The matrix's upstream that speaks Anthropic messages."""

import json
from typing import Any

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import sse_answer, whole_answer
from tests.scripted_answers import Answer, Received

PATH = ""
INPUT: Json = {
    "input_tokens": 100,
    "cache_read_input_tokens": 900,
    "cache_creation_input_tokens": 50,
    "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 0},
}
OUTPUT: Json = {"output_tokens": 30, "output_tokens_details": {"thinking_tokens": 10}}
USAGE: Json = {**INPUT, **OUTPUT}
START: Json = {**INPUT, "output_tokens": 1}
STOPS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}
SIGNATURE = "c2lnbmVk"


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return str(request.json["model"])


def seen_in(request: Received) -> Seen:
    """Read the request as Anthropic would."""
    body = request.json
    seen = Seen(max_tokens=body["max_tokens"], stop=body.get("stop_sequences") or [])
    seen.system = _joined(body.get("system") or "")
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            _see(message["role"], block, seen)
    seen.tools = [tool["name"] for tool in body.get("tools") or ()]
    output = body.get("output_config") or {}
    seen.schema = (output.get("format") or {}).get("schema")
    thinking = (body.get("thinking") or {}).get("type", "disabled")
    seen.thinking = thinking in {"enabled", "adaptive"} or "effort" in output
    return seen


def _joined(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _see(role: str, block: Json, seen: Seen) -> None:
    match block["type"]:
        case "text" if role == "user":
            seen.text += block["text"]
        case "text" if role == "system":
            seen.system += block["text"]
        case "image":
            seen.image = block["source"]["data"]
        case "tool_use":
            seen.calls.append(block["input"])
        case "tool_result":
            seen.results.append(_joined(block["content"]))


def answer_with(feature: Feature) -> Answer:
    """Answer as Anthropic does."""

    def answer(request: Received) -> list[bytes]:
        if request.json.get("stream"):
            return sse_answer([(event["type"], event) for event in _events(feature)])
        return whole_answer(_message(feature, _blocks(feature)))

    return answer


def _blocks(feature: Feature) -> list[Json]:
    blocks: list[Json] = []
    if feature.thoughts:
        blocks.append({"type": "thinking", "thinking": feature.thoughts, "signature": SIGNATURE})
    if feature.text:
        blocks.append({"type": "text", "text": feature.text, "citations": None})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in feature.calls
    ]
    return blocks


def _stop(feature: Feature) -> Json:
    if feature.stop_word:
        return {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    return {"stop_reason": STOPS[feature.stop], "stop_sequence": None}


def _message(feature: Feature, content: list[Json]) -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "up",
        "content": content,
        **_stop(feature),
        "usage": USAGE,
    }


def _events(feature: Feature) -> list[Json]:
    start = {**_message(feature, []), "stop_reason": None, "stop_sequence": None}
    start["usage"] = START
    events: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(_blocks(feature)):
        empty, deltas = _deltas(block)
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [
            {"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas
        ]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": _stop(feature), "usage": OUTPUT})
    return [*events, {"type": "message_stop"}]


def _deltas(block: Json) -> tuple[Json, list[Json]]:
    match block["type"]:
        case "thinking":
            deltas = [
                {"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])
            ]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
        case "text":
            return {**block, "text": ""}, [
                {"type": "text_delta", "text": piece} for piece in pieces(block["text"])
            ]
        case _:
            return {**block, "input": {}}, [
                {"type": "input_json_delta", "partial_json": piece}
                for piece in pieces(json.dumps(block["input"]))
            ]
