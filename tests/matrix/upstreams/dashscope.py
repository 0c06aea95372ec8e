"""The matrix's upstream that speaks DashScope natively."""

import json

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import chunked, whole_answer
from tests.scripted_answers import Answer, Received

PATH = "/api/v1"
USAGE: Json = {
    "input_tokens": 1050,
    "output_tokens": 30,
    "total_tokens": 1080,
    "prompt_tokens_details": {"cached_tokens": 900, "cache_creation_input_tokens": 50},
    "output_tokens_details": {"reasoning_tokens": 10},
}
FINISH = {"stop": "stop", "length": "length", "tool": "tool_calls"}


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return str(request.json["model"])


def seen_in(request: Received) -> Seen:
    """Read the request as DashScope would."""
    body = request.json
    parameters: Json = body.get("parameters") or {}
    seen = Seen(max_tokens=parameters.get("max_tokens") or 0)
    messages = body["input"].get("messages") or [
        {"role": "user", "content": body["input"].get("prompt", "")}
    ]
    for message in messages:
        text = _text(message.get("content") or "", seen)
        if message["role"] == "system":
            seen.system += text
        elif message["role"] == "tool":
            seen.results.append(text)
        elif message["role"] == "user":
            seen.text += text
        for call in message.get("tool_calls") or ():
            seen.calls.append(json.loads(call["function"]["arguments"]))
    seen.tools = [tool["function"]["name"] for tool in parameters.get("tools") or ()]
    seen.schema = (parameters.get("response_format") or {}).get("json_schema", {}).get("schema")
    stop = parameters.get("stop") or []
    seen.stop = [stop] if isinstance(stop, str) else stop
    seen.thinking = parameters.get("enable_thinking") is True
    if seen.thinking:
        # Here alone thoughts come on top of what max_tokens allows.
        seen.max_tokens += parameters["thinking_budget"]
    return seen


def _text(content: str | list[Json], seen: Seen) -> str:
    if isinstance(content, str):
        return content
    for part in content:
        if "image" in part:
            seen.image = part["image"].partition("base64,")[2]
    return "".join(part.get("text", "") for part in content)


def answer_with(feature: Feature) -> Answer:
    """Answer as DashScope does."""

    def answer(request: Received) -> list[bytes]:
        parameters: Json = request.json.get("parameters") or {}
        if request.headers.get("x-dashscope-sse") == "enable":
            events = _events(feature, incremental=parameters.get("incremental_output") is True)
            return chunked(events, b"text/event-stream;charset=UTF-8")
        as_text = parameters.get("result_format", "text") == "text"
        return whole_answer(_response(_message(feature), FINISH[feature.stop], as_text=as_text))

    return answer


def _message(feature: Feature) -> Json:
    message: Json = {"role": "assistant", "content": feature.text}
    if feature.thoughts:
        message["reasoning_content"] = feature.thoughts
    if feature.calls:
        message["tool_calls"] = [
            {
                "index": index,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for index, call in enumerate(feature.calls)
        ]
    return message


def _response(message: Json, finish: str, *, as_text: bool = False) -> Json:
    output: Json = {"choices": [{"finish_reason": finish, "message": message}]}
    if as_text:
        output = {"text": message["content"], "finish_reason": finish}
    return {"request_id": "r1", "output": output, "usage": USAGE}


def _events(feature: Feature, *, incremental: bool) -> list[bytes]:
    whole = _message(feature)
    steps: list[Json] = []
    so_far: Json = {"role": "assistant", "content": ""}
    for name in ("reasoning_content", "content"):
        for piece in pieces(whole.get(name, "")):
            so_far = {**so_far, name: so_far.get(name, "") + piece}
            delta = {"role": "assistant", "content": "", name: piece}
            steps.append(delta if incremental else so_far)
    if feature.calls:
        steps.append(
            {"role": "assistant", "content": "", "tool_calls": whole["tool_calls"]}
            if incremental
            else whole
        )
    last = {"role": "assistant", "content": ""} if incremental else whole
    written = [_response(step, "null") for step in steps]
    written.append(_response(last, FINISH[feature.stop]))
    return [
        f"id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{json.dumps(body)}\n\n".encode()
        for number, body in enumerate(written, 1)
    ]
