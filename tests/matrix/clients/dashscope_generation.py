"""The dashscope SDK's Generation, of 1.25 or of 2.x: reads cases, prints what came back."""

import json
import sys
from http import HTTPStatus
from typing import Any

import dashscope

URL, KEY = sys.argv[1:]
dashscope.base_http_api_url = URL + "/api/v1"
dashscope.api_key = KEY


def messages_of(case: Any) -> list[Any]:
    messages: list[Any] = [{"role": "user", "content": case["asks"]}]
    if case["system"]:
        messages.insert(0, {"role": "system", "content": case["system"]})
    if result := case["result"]:
        call = {"name": result["name"], "arguments": json.dumps(result["arguments"])}
        called = [{"index": 0, "id": result["id"], "type": "function", "function": call}]
        messages.append({"role": "assistant", "content": "", "tool_calls": called})
        told = {"tool_call_id": result["id"], "name": result["name"], "content": result["text"]}
        messages.append({"role": "tool", **told})
    return messages


def options_of(case: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_tokens": case["max_tokens"], "result_format": "message"}
    if tool := case["tool"]:
        function = {"name": tool["name"], "description": "d", "parameters": tool["schema"]}
        options["tools"] = [{"type": "function", "function": function}]
    if case["schema"]:
        named = {"name": "capital", "schema": case["schema"], "strict": True}
        options["response_format"] = {"type": "json_schema", "json_schema": named}
    if case["stop"]:
        options["stop"] = [case["stop"]]
    if case["thinking"]:
        options |= {"enable_thinking": True, "thinking_budget": 2000}
    if case["stream"]:
        options |= {"stream": True, "incremental_output": True}
    return options


def asked(case: Any) -> dict[str, Any]:
    answer = dashscope.Generation.call(
        model=case["model"],
        messages=messages_of(case),
        **options_of(case),
    )
    parts = list(answer) if case["stream"] else [answer]
    last = parts[-1]
    if last.status_code != HTTPStatus.OK:
        return {"refused": [last.status_code, last.code, last.message]}
    return read(parts)


def read(parts: list[Any]) -> dict[str, Any]:
    text = thoughts = ""
    calls: dict[int, Any] = {}
    finish = None
    for part in parts:
        choice = part.output["choices"][0]
        message = choice["message"]
        text += message.get("content") or ""
        thoughts += message.get("reasoning_content") or ""
        for position, piece in enumerate(message.get("tool_calls") or ()):
            call = calls.setdefault(piece.get("index", position), {"name": "", "arguments": ""})
            for name in call:
                call[name] += piece["function"].get(name) or ""
        finish = choice["finish_reason"]
    usage = parts[-1].usage
    inputs = usage.get("prompt_tokens_details") or {}
    return {
        "text": text,
        "thoughts": thoughts,
        "calls": [[call["name"], json.loads(call["arguments"])] for call in calls.values()],
        "stop": "tool" if finish == "tool_calls" else finish,
        "usage": {
            "input": usage["input_tokens"],
            "cached": inputs.get("cached_tokens"),
            "written": inputs.get("cache_creation_input_tokens"),
            "output": usage["output_tokens"],
            "reasoning": (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
        },
    }


cases = json.load(sys.stdin)
sys.stdout.write(json.dumps({case["id"]: asked(case) for case in cases}))
