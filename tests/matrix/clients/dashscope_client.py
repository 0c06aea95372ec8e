"""The dashscope SDK's newer Client: reads cases, prints what came back."""

import json
import sys
from typing import Any

import dashscope
from dashscope.v2.errors import APIStatusError

URL, KEY = sys.argv[1:]
client = dashscope.Client(api_key=KEY, base_url=URL + "/api/v1")


def messages_of(case: Any) -> list[Any]:
    content: Any = case["asks"]
    if case["image"]:
        content = [{"image": "data:image/png;base64," + case["image"]}, {"text": case["asks"]}]
    messages: list[Any] = [{"role": "user", "content": content}]
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
    options: dict[str, Any] = {"max_tokens": case["max_tokens"]}
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
    return options


def as_dict(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else dict(value)


def asked(case: Any) -> dict[str, Any]:
    answer = client.chat.completions.create(
        model=case["model"], messages=messages_of(case), stream=case["stream"], **options_of(case)
    )
    return read([as_dict(part) for part in answer] if case["stream"] else [as_dict(answer)])


def read(parts: list[Any]) -> dict[str, Any]:
    text = thoughts = ""
    calls: dict[int, Any] = {}
    finish = usage = None
    for part in parts:
        usage = part.get("usage") or usage
        for choice in part.get("choices") or part["output"]["choices"]:
            message = choice.get("delta") or choice["message"]
            said = message.get("content") or ""
            parts_said = [{"text": said}] if isinstance(said, str) else said
            text += "".join(part.get("text", "") for part in parts_said)
            thoughts += message.get("reasoning_content") or ""
            for position, piece in enumerate(message.get("tool_calls") or ()):
                index = piece.get("index")
                call = calls.setdefault(
                    position if index is None else index, {"name": "", "arguments": ""}
                )
                for name in call:
                    call[name] += piece["function"].get(name) or ""
            finish = choice["finish_reason"] or finish
    assert usage is not None, parts
    inputs = usage.get("prompt_tokens_details") or {}
    return {
        "text": text,
        "thoughts": thoughts,
        "calls": [[call["name"], json.loads(call["arguments"])] for call in calls.values()],
        "stop": "tool" if finish == "tool_calls" else finish,
        "usage": {
            "input": usage.get("input_tokens", usage.get("prompt_tokens")),
            "cached": inputs.get("cached_tokens"),
            "written": inputs.get("cache_creation_input_tokens"),
            "output": usage.get("output_tokens", usage.get("completion_tokens")),
            "reasoning": (
                usage.get("output_tokens_details") or usage.get("completion_tokens_details") or {}
            ).get("reasoning_tokens"),
        },
    }


def tried(case: Any) -> dict[str, Any]:
    try:
        return asked(case)
    except APIStatusError as error:
        return {"refused": [error.status_code, error.code, str(error)]}


cases = json.load(sys.stdin)
sys.stdout.write(json.dumps({case["id"]: tried(case) for case in cases}))
