"""Run inside the old SDK's own environment: make one call of each kind, print what came of it.

Arguments: base URL, key, a poor customer's key.
"""

import json
import sys
from typing import Any

import openai

URL, KEY, POOR_KEY = sys.argv[1:]
QUESTION: Any = [{"role": "user", "content": "one two three"}]
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0)


def refusal_of(secret: str, **options: Any) -> list[Any]:
    other = openai.OpenAI(base_url=URL, api_key=secret, max_retries=0)
    try:
        other.chat.completions.create(**{"model": "small", "messages": QUESTION, **options})
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return []


def said(stream: Any) -> dict[str, Any]:
    chunks = list(stream)
    usage = [
        chunk.model_extra["usage"] for chunk in chunks if (chunk.model_extra or {}).get("usage")
    ]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return {"text": text, "usage": usage, "last_choices": len(chunks[-1].choices)}


def broken() -> list[Any]:
    """The scripted upstream breaks off after two words."""
    text = ""
    try:
        for chunk in client.chat.completions.create(model="small", messages=QUESTION, stream=True):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        return [type(error).__name__, error.code, text]
    return ["nothing", None, text]


whole = client.chat.completions.create(model="small", messages=QUESTION)
tools = client.chat.completions.create(model="small", messages=QUESTION, tools=[TOOL])
listed = client.models.list()
results = {
    "version": openai.__version__,
    "text": whole.choices[0].message.content,
    "usage": whole.usage.total_tokens if whole.usage else None,
    "tool_arguments": [
        call.function.arguments for call in tools.choices[0].message.tool_calls or []
    ],
    "stream": said(client.chat.completions.create(model="small", messages=QUESTION, stream=True)),
    "stream_usage": said(
        client.chat.completions.create(
            model="small",
            messages=QUESTION,
            stream=True,
            extra_body={"stream_options": {"include_usage": True}},
        )
    ),
    "broken": broken(),
    "models": [model.id for model in listed.data][:2],
    "slash": client.models.retrieve("vendor/large").id,
    "bad_key": refusal_of("tb_0000nobody"),
    "unknown_model": refusal_of(KEY, model="nope"),
    "bad_value": refusal_of(KEY, temperature=9),
    "no_money": refusal_of(POOR_KEY, model="vendor/large", max_tokens=9000),
    "upstream_500": refusal_of(KEY),
    "upstream_429": refusal_of(KEY),
}
sys.stdout.write(json.dumps(results))
