"""The anthropic SDK, of 0.x or of today: reads cases, prints what came back."""

import json
import sys
from typing import Any

import anthropic

URL, KEY = sys.argv[1:]
OLD = anthropic.__version__.startswith("0.")
TEXTS = ("text", "thinking", "partial_json")
client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)


def messages_of(case: Any) -> list[Any]:
    content: list[Any] = [{"type": "text", "text": case["asks"]}]
    if case["image"]:
        source = {"type": "base64", "media_type": "image/png", "data": case["image"]}
        content.append({"type": "image", "source": source})
    messages: list[Any] = [{"role": "user", "content": content}]
    if result := case["result"]:
        called = {"id": result["id"], "name": result["name"], "input": result["arguments"]}
        messages.append({"role": "assistant", "content": [{"type": "tool_use", **called}]})
        told = {"tool_use_id": result["id"], "content": result["text"]}
        messages.append({"role": "user", "content": [{"type": "tool_result", **told}]})
    return messages


def options_of(case: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_tokens": case["max_tokens"], "extra_body": {}}
    if case["system"]:
        options["system"] = case["system"]
    if tool := case["tool"]:
        shape = {"name": tool["name"], "description": "d", "input_schema": tool["schema"]}
        options["tools"] = [shape]
    if case["schema"]:
        wanted = {"type": "json_schema", "schema": case["schema"]}
        options["extra_body"]["output_config"] = {"format": wanted}
    if case["stop"]:
        options["stop_sequences"] = [case["stop"]]
    if case["thinking"]:
        options["extra_body"]["thinking"] = {"type": "enabled", "budget_tokens": 2000}
    return options


def asked(case: Any) -> dict[str, Any]:
    given = {
        "model": case["model"],
        "messages": messages_of(case),
        **options_of(case),
    }
    if case["stream"] and OLD:
        message = folded(client.messages.create(stream=True, **given))
    elif case["stream"]:
        with client.messages.stream(**given) as events:
            for _ in events:
                pass
            message = events.get_final_message().model_dump()
    else:
        message = client.messages.create(**given).model_dump()
    return read(message)


def folded(events: Any) -> Any:
    """Add up the raw events: the old SDK's own helper knows no thoughts, and no late usage."""
    message: Any = {}
    texts: list[str] = []
    for event in (each.model_dump() for each in events):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
                texts.append("")
            case "content_block_delta":
                delta = event["delta"]
                texts[-1] += next((delta[name] for name in TEXTS if delta.get(name)), "")
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    for block, text in zip(message["content"], texts, strict=True):
        if block["type"] == "tool_use":
            block["input"] = json.loads(text)
        else:
            block[block["type"]] = text
    return message


def read(message: Any) -> dict[str, Any]:
    blocks = message["content"]
    usage = message["usage"]
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    stops = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}
    reason = message["stop_reason"]
    return {
        "text": "".join(block["text"] for block in blocks if block["type"] == "text"),
        "thoughts": "".join(b["thinking"] for b in blocks if b["type"] == "thinking"),
        "calls": [[b["name"], b["input"]] for b in blocks if b["type"] == "tool_use"],
        "stop": "tool" if reason == "tool_use" else stops.get(reason, reason),
        "usage": {
            "input": usage["input_tokens"] + cached + written,
            "cached": cached,
            "written": written,
            "output": usage["output_tokens"],
            "reasoning": (usage.get("output_tokens_details") or {}).get("thinking_tokens"),
        },
    }


def tried(case: Any) -> dict[str, Any]:
    try:
        return asked(case)
    except anthropic.APIStatusError as error:
        body: Any = error.body or {}
        kind = body.get("error", {}).get("type") if isinstance(body, dict) else None
        return {"refused": [error.status_code, kind, str(error)]}


cases = json.load(sys.stdin)
sys.stdout.write(json.dumps({case["id"]: tried(case) for case in cases}))
