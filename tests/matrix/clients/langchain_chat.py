"""langchain-openai: reads cases, prints what came back."""

import json
import sys
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI

URL, KEY = sys.argv[1:]


def messages_of(case: Any) -> list[Any]:
    content: Any = case["asks"]
    if case["image"]:
        url = "data:image/png;base64," + case["image"]
        content = [
            {"type": "text", "text": case["asks"]},
            {"type": "image_url", "image_url": {"url": url}},
        ]
    messages: list[Any] = [HumanMessage(content)]
    if case["system"]:
        messages.insert(0, SystemMessage(case["system"]))
    if result := case["result"]:
        call = {"id": result["id"], "name": result["name"], "args": result["arguments"]}
        messages.append(AIMessage("", tool_calls=[call]))
        messages.append(ToolMessage(result["text"], tool_call_id=result["id"]))
    return messages


def model_of(case: Any) -> Any:
    options: dict[str, Any] = {}
    if case["thinking"]:
        options["reasoning_effort"] = "medium"
    model: Any = ChatOpenAI(
        model=case["model"],
        base_url=URL + "/v1",
        api_key=KEY,
        max_retries=0,
        max_tokens=case["max_tokens"],
        stream_usage=True,
        use_responses_api=False,
        **options,
    )
    bound: dict[str, Any] = {}
    if tool := case["tool"]:
        function = {"name": tool["name"], "description": "d", "parameters": tool["schema"]}
        bound["tools"] = [{"type": "function", "function": function}]
    if case["schema"]:
        named = {"name": "capital", "schema": case["schema"], "strict": True}
        bound["response_format"] = {"type": "json_schema", "json_schema": named}
    if case["stop"]:
        bound["stop"] = [case["stop"]]
    return model.bind(**bound) if bound else model


def asked(case: Any) -> dict[str, Any]:
    model = model_of(case)
    if case["stream"]:
        message: Any = None
        for chunk in model.stream(messages_of(case)):
            message = chunk if message is None else message + chunk
    else:
        message = model.invoke(messages_of(case))
    usage = message.usage_metadata
    finish = message.response_metadata.get("finish_reason")
    return {
        "text": message.content,
        "thoughts": None,
        "calls": [[call["name"], call["args"]] for call in message.tool_calls],
        "stop": "tool" if finish == "tool_calls" else finish,
        "usage": {
            "input": usage["input_tokens"],
            "cached": (usage.get("input_token_details") or {}).get("cache_read"),
            "written": None,
            "output": usage["output_tokens"],
            "reasoning": (usage.get("output_token_details") or {}).get("reasoning"),
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
