"""The matrix's upstream that speaks OpenAI Responses."""

import json
from typing import Any

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import sse_answer, whole_answer
from tests.scripted_answers import Answer, Received

PATH = "/v1"
USAGE: Json = {
    "input_tokens": 1050,
    "input_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 50},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 10},
    "total_tokens": 1080,
}


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return str(request.json["model"])


def seen_in(request: Received) -> Seen:
    """Read the request as OpenAI would."""
    body = request.json
    seen = Seen(max_tokens=body.get("max_output_tokens") or 0)
    seen.system = body.get("instructions") or ""
    items = body["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    for item in items:
        _see(item, seen)
    seen.tools = [tool["name"] for tool in body.get("tools") or ()]
    seen.schema = (body.get("text") or {}).get("format", {}).get("schema")
    seen.thinking = ((body.get("reasoning") or {}).get("effort") or "none") != "none"
    return seen


def _see(item: Json, seen: Seen) -> None:
    kind = item.get("type", "message")
    if kind == "function_call":
        seen.calls.append(json.loads(item["arguments"]))
    elif kind == "function_call_output":
        output = item["output"]
        seen.results.append(output if isinstance(output, str) else output[0]["text"])
    elif kind == "message":
        content = item["content"]
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        for part in parts:
            if part["type"] == "input_image":
                seen.image = part["image_url"].partition("base64,")[2]
            elif item["role"] in {"system", "developer"}:
                seen.system += part["text"]
            elif item["role"] == "user":
                seen.text += part["text"]


def answer_with(feature: Feature) -> Answer:
    """Answer as OpenAI does."""

    def answer(request: Received) -> list[bytes]:
        if request.json.get("stream"):
            return sse_answer(list(_events(feature)))
        return whole_answer(_response(feature, _items(feature)))

    return answer


def _response(feature: Feature, output: list[Json], status: str = "") -> Json:
    cut = feature.stop == "length"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status or ("incomplete" if cut else "completed"),
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut and not status else None,
        "model": "up",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None if status else USAGE,
    }


def _items(feature: Feature) -> list[Json]:
    items: list[Json] = []
    if feature.thoughts:
        summary = [{"type": "summary_text", "text": feature.thoughts}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": summary})
    if feature.text:
        part = {"type": "output_text", "text": feature.text, "annotations": [], "logprobs": []}
        items.append(
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
        )
    items += [
        {
            "type": "function_call",
            "id": f"fc_{call.id}",
            "call_id": call.id,
            "name": call.name,
            "arguments": json.dumps(call.arguments),
            "status": "completed",
        }
        for call in feature.calls
    ]
    return items


def _events(feature: Feature) -> list[tuple[str, Json | str]]:
    items = _items(feature)
    began = _response(feature, [], "in_progress")
    events: list[Json] = [
        {"type": "response.created", "response": began},
        {"type": "response.in_progress", "response": began},
    ]
    for index, item in enumerate(items):
        at: Json = {"output_index": index, "item_id": item["id"]}
        events += {"reasoning": _thoughts, "message": _message, "function_call": _call}[
            item["type"]
        ](item, at)
    end = "incomplete" if feature.stop == "length" else "completed"
    events.append({"type": f"response.{end}", "response": _response(feature, items)})
    return [
        (event["type"], {**event, "sequence_number": number}) for number, event in enumerate(events)
    ]


def _around(item: Json, at: Json, empty: Json, inner: list[Json]) -> list[Json]:
    index = at["output_index"]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**item, **empty}},
        *({**at, **event} for event in inner),
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _thoughts(item: Json, at: Json) -> list[Json]:
    text, kind = item["summary"][0]["text"], "response.reasoning_summary"
    at_part: Json = {"summary_index": 0}
    inner: list[Json] = [
        {"type": f"{kind}_part.added", "part": {"type": "summary_text", "text": ""}},
        *({"type": f"{kind}_text.delta", "delta": piece} for piece in pieces(text)),
        {"type": f"{kind}_text.done", "text": text},
        {"type": f"{kind}_part.done", "part": {"type": "summary_text", "text": text}},
    ]
    return _around(item, {**at, **at_part}, {"summary": []}, inner)


def _message(item: Json, at: Json) -> list[Json]:
    part: Any = item["content"][0]
    at_part: Json = {"content_index": 0}
    inner: list[Json] = [
        {"type": "response.content_part.added", "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", "delta": piece, "logprobs": []}
            for piece in pieces(part["text"])
        ),
        {"type": "response.output_text.done", "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", "part": part},
    ]
    return _around(item, {**at, **at_part}, {"content": [], "status": "in_progress"}, inner)


def _call(item: Json, at: Json) -> list[Json]:
    kind, whole = "response.function_call_arguments", item["arguments"]
    inner: list[Json] = [
        *({"type": f"{kind}.delta", "delta": piece} for piece in pieces(whole)),
        {"type": f"{kind}.done", "arguments": whole, "name": item["name"]},
    ]
    return _around(item, at, {"arguments": "", "status": "in_progress"}, inner)
