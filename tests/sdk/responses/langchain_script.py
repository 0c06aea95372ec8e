"""Run inside LangChain's own environment: ask in each way, print what came of it as JSON.

Arguments: base URL, key, model.
"""

import json
import sys
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI

URL, KEY, MODEL = sys.argv[1:]
QUESTION = [SystemMessage("Be brief."), HumanMessage("one two three")]
WEATHER: Any = {
    "title": "get_weather",
    "description": "d",
    "type": "object",
    "properties": {"city": {"type": "string"}},
}


def model(*, responses: bool) -> ChatOpenAI:
    return ChatOpenAI(
        model=MODEL,
        base_url=URL,
        api_key=KEY,
        max_retries=0,
        stream_usage=True,
        use_responses_api=responses,
    )


def told(message: Any) -> dict[str, Any]:
    used = message.usage_metadata
    return {
        "text": message.text,
        "usage": used and [used["input_tokens"], used["output_tokens"]],
        "calls": [call["args"] for call in message.tool_calls],
    }


def summed(chunks: Any) -> Any:
    first, *rest = list(chunks)
    for chunk in rest:
        first += chunk
    return first


seen: dict[str, Any] = {}
for name in ("responses", "chat"):
    plain = model(responses=name == "responses")
    tooled = plain.bind_tools([WEATHER])
    seen[name] = told(plain.invoke(QUESTION))
    seen[name + "_stream"] = told(summed(plain.stream(QUESTION)))
    call = tooled.invoke(QUESTION)
    seen[name + "_call"] = told(call)
    result = ToolMessage("one two", tool_call_id=call.tool_calls[0]["id"])
    seen[name + "_round"] = told(tooled.invoke([*QUESTION, call, result]))
    seen[name + "_call_stream"] = told(summed(tooled.stream(QUESTION)))
sys.stdout.write(json.dumps(seen))
