"""The openai SDK on Responses: reads cases, prints what came back."""

import json
import sys
from typing import Any

import openai

URL, KEY = sys.argv[1:]
client = openai.OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)


def input_of(case: Any) -> list[Any]:
    parts: list[Any] = [{"type": "input_text", "text": case["asks"]}]
    if case["image"]:
        url = "data:image/png;base64," + case["image"]
        parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
    items: list[Any] = [{"role": "user", "content": parts}]
    if result := case["result"]:
        called = {"call_id": result["id"], "name": result["name"]}
        arguments = json.dumps(result["arguments"])
        items.append({"type": "function_call", **called, "arguments": arguments})
        output = {"call_id": result["id"], "output": result["text"]}
        items.append({"type": "function_call_output", **output})
    return items


def options_of(case: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_output_tokens": case["max_tokens"], "store": False}
    if case["system"]:
        options["instructions"] = case["system"]
    if tool := case["tool"]:
        shape = {"name": tool["name"], "description": "d", "parameters": tool["schema"]}
        options["tools"] = [{"type": "function", "strict": False, **shape}]
    if case["schema"]:
        named = {"name": "capital", "schema": case["schema"], "strict": True}
        options["text"] = {"format": {"type": "json_schema", **named}}
    if case["thinking"]:
        options["reasoning"] = {"effort": "medium", "summary": "auto"}
    return options


def asked(case: Any) -> dict[str, Any]:
    given = {
        "model": case["model"],
        "input": input_of(case),
        **options_of(case),
    }
    if case["stream"]:
        ended = None
        with client.responses.stream(**given) as events:
            for event in events:
                if event.type in {"response.completed", "response.incomplete"}:
                    ended = event.response
        response = ended.model_dump()
    else:
        response = client.responses.create(**given).model_dump()
    return read(response)


def read(response: Any) -> dict[str, Any]:
    text, thoughts, calls = "", "", []
    for item in response["output"]:
        if item["type"] == "message":
            text += "".join(part["text"] for part in item["content"])
        elif item["type"] == "reasoning":
            thoughts += "".join(part["text"] for part in item["summary"])
        elif item["type"] == "function_call":
            calls.append([item["name"], json.loads(item["arguments"])])
    reason = (response["incomplete_details"] or {}).get("reason")
    usage = response["usage"]
    return {
        "text": text,
        "thoughts": thoughts,
        "calls": calls,
        "stop": "length" if reason == "max_output_tokens" else "tool" if calls else "stop",
        "usage": {
            "input": usage["input_tokens"],
            "cached": usage["input_tokens_details"]["cached_tokens"],
            "written": usage["input_tokens_details"].get("cache_write_tokens"),
            "output": usage["output_tokens"],
            "reasoning": usage["output_tokens_details"]["reasoning_tokens"],
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
