"""The openai SDK, of 1.x or of today, on chat completions: reads cases, prints what came back.

Run in an environment of its own: base URL and key are the arguments, the cases come on stdin.
"""

import json
import sys
from typing import Any

import openai

URL, KEY = sys.argv[1:]
client = openai.OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)


def messages_of(case: Any) -> list[Any]:
    content: Any = case["asks"]
    if case["image"]:
        url = "data:image/png;base64," + case["image"]
        content = [
            {"type": "text", "text": case["asks"]},
            {"type": "image_url", "image_url": {"url": url}},
        ]
    messages: list[Any] = [{"role": "user", "content": content}]
    if case["system"]:
        messages.insert(0, {"role": "system", "content": case["system"]})
    if result := case["result"]:
        call = {"name": result["name"], "arguments": json.dumps(result["arguments"])}
        called = [{"id": result["id"], "type": "function", "function": call}]
        messages.append({"role": "assistant", "content": None, "tool_calls": called})
        messages.append({"role": "tool", "tool_call_id": result["id"], "content": result["text"]})
    return messages


def options_of(case: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_tokens": case["max_tokens"], "extra_body": {}}
    if tool := case["tool"]:
        function = {"name": tool["name"], "description": "d", "parameters": tool["schema"]}
        options["tools"] = [{"type": "function", "function": function}]
    if case["schema"]:
        named = {"name": "capital", "schema": case["schema"], "strict": True}
        options["response_format"] = {"type": "json_schema", "json_schema": named}
    if case["stop"]:
        options["stop"] = [case["stop"]]
    if case["thinking"]:
        options["extra_body"]["reasoning_effort"] = "medium"
    if case["stream"]:
        options["stream"] = True
        options["extra_body"]["stream_options"] = {"include_usage": True}
    return options


def folded(chunks: Any) -> tuple[Any, Any, Any]:
    """Add up a stream to a message, its reason to finish and its usage."""
    said: dict[str, str] = {"content": "", "reasoning_content": ""}
    calls: dict[int, Any] = {}
    finish = usage = None
    for chunk in (each.model_dump() for each in chunks):
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in said:
                said[name] += delta.get(name) or ""
            for part in delta.get("tool_calls") or ():
                call = calls.setdefault(part["index"], {"name": "", "arguments": ""})
                for name in call:
                    call[name] += part["function"].get(name) or ""
            finish = choice["finish_reason"] or finish
    return {**said, "tool_calls": [{"function": c} for c in calls.values()]}, finish, usage


def asked(case: Any) -> dict[str, Any]:
    answer = client.chat.completions.create(
        model=case["model"],
        messages=messages_of(case),
        **options_of(case),
    )
    if case["stream"]:
        message, finish, usage = folded(answer)
    else:
        whole = answer.model_dump()
        choice = whole["choices"][0]
        message, finish, usage = choice["message"], choice["finish_reason"], whole["usage"]
    inputs = usage.get("prompt_tokens_details") or {}
    outputs = usage.get("completion_tokens_details") or {}
    return {
        "text": message.get("content") or "",
        "thoughts": message.get("reasoning_content") or "",
        "calls": [
            [call["function"]["name"], json.loads(call["function"]["arguments"])]
            for call in message.get("tool_calls") or ()
        ],
        "stop": {"stop": "stop", "length": "length", "tool_calls": "tool"}.get(finish, finish),
        "usage": {
            "input": usage["prompt_tokens"],
            "cached": inputs.get("cached_tokens"),
            "written": inputs.get("cache_write_tokens"),
            "output": usage["completion_tokens"],
            "reasoning": outputs.get("reasoning_tokens"),
        },
    }


def tried(case: Any) -> dict[str, Any]:
    try:
        return asked(case)
    except openai.APIStatusError as error:
        body: Any = error.body or {}
        return {"refused": [error.status_code, body.get("code"), body.get("param")]}


cases = json.load(sys.stdin)
sys.stdout.write(json.dumps({case["id"]: tried(case) for case in cases}))
