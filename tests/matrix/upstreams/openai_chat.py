"""The matrix's upstream that speaks OpenAI chat completions."""

import json

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import sse_answer, whole_answer
from tests.scripted_answers import Answer, Received

PATH = "/v1"
USAGE: Json = {
    "prompt_tokens": 1050,
    "completion_tokens": 30,
    "total_tokens": 1080,
    "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
    "completion_tokens_details": {"reasoning_tokens": 10},
}
FINISH = {"stop": "stop", "length": "length", "tool": "tool_calls"}


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return str(request.json["model"])


def seen_in(request: Received) -> Seen:
    """Read the request as OpenAI would."""
    body = request.json
    seen = Seen(max_tokens=request.cap or 0)
    for message in body["messages"]:
        content = message.get("content")
        texts = content if isinstance(content, str) else _texts(content or [], seen)
        if message["role"] in {"system", "developer"}:
            seen.system += texts
        elif message["role"] == "tool":
            seen.results.append(texts)
        elif message["role"] == "user":
            seen.text += texts
        for call in message.get("tool_calls") or ():
            seen.calls.append(json.loads(call["function"]["arguments"]))
    seen.tools = [tool["function"]["name"] for tool in body.get("tools") or ()]
    seen.schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    stop = body.get("stop") or []
    seen.stop = [stop] if isinstance(stop, str) else stop
    seen.thinking = (body.get("reasoning_effort") or "none") != "none"
    return seen


def _texts(parts: list[Json], seen: Seen) -> str:
    text = ""
    for part in parts:
        if part["type"] == "image_url":
            seen.image = part["image_url"]["url"].partition("base64,")[2]
        else:
            text += part["text"]
    return text


def answer_with(feature: Feature) -> Answer:
    """Answer as OpenAI does."""

    def answer(request: Received) -> list[bytes]:
        if request.json.get("stream"):
            return sse_answer(_chunks(feature))
        return whole_answer(_completion(feature))

    return answer


def _calls(feature: Feature) -> list[Json]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for call in feature.calls
    ]


def _completion(feature: Feature) -> Json:
    message: Json = {"role": "assistant", "content": feature.text or None, "refusal": None}
    if feature.calls:
        message["tool_calls"] = _calls(feature)
    if feature.thoughts:
        message["reasoning_content"] = feature.thoughts
    choice = {"index": 0, "message": message, "finish_reason": FINISH[feature.stop]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "up",
        "choices": [choice],
        "usage": USAGE,
    }


def _chunks(feature: Feature) -> list[tuple[str, Json | str]]:
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(feature.thoughts)]
    deltas += [{"content": piece} for piece in pieces(feature.text)]
    for index, call in enumerate(_calls(feature)):
        whole = call["function"]["arguments"]
        begun = {**call, "index": index, "function": {**call["function"], "arguments": ""}}
        deltas.append({"tool_calls": [begun]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in pieces(whole)
        ]
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up"}
    chunks: list[tuple[str, Json | str]] = [
        ("", {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        for delta in deltas
    ]
    end = {"index": 0, "delta": {}, "finish_reason": FINISH[feature.stop]}
    chunks.append(("", {**frame, "choices": [end]}))
    chunks.append(("", {**frame, "choices": [], "usage": USAGE}))
    return [*chunks, ("", "[DONE]")]
