"""Run inside the old SDK's own environment: make one call of each kind, print what came of it.

Arguments: base URL, key, a poor customer's key.
"""

import json
import sys
from typing import Any

import anthropic

URL, KEY, POOR_KEY = sys.argv[1:]
QUESTION: Any = [{"role": "user", "content": "one two three"}]
TOOL: Any = {"name": "get_weather", "input_schema": {"type": "object"}}
client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)


def create(model: str, **options: Any) -> Any:
    return client.messages.create(
        **{"model": model, "max_tokens": 100, "messages": QUESTION, **options}
    )


def streamed(model: str, **options: Any) -> Any:
    given = {"model": model, "max_tokens": 100, "messages": QUESTION, **options}
    with client.messages.stream(**given) as stream:
        return stream.get_final_message()


def seen(message: Any) -> dict[str, Any]:
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "calls": [[b.name, b.input] for b in message.content if b.type == "tool_use"],
        "stop": message.stop_reason,
        "usage": [message.usage.input_tokens, message.usage.output_tokens],
    }


def refusal_of(secret: str, **options: Any) -> list[Any]:
    other = anthropic.Anthropic(base_url=URL, api_key=secret, max_retries=0)
    given = {"model": "claude", "max_tokens": 100, "messages": QUESTION, **options}
    try:
        other.messages.create(**given)
    except anthropic.APIStatusError as error:
        body: Any = error.body
        return [type(error).__name__, error.status_code, body["error"]["type"]]
    return []


def broken(model: str) -> list[Any]:
    """The scripted upstream breaks off after two words."""
    text = ""
    try:
        with client.messages.stream(model=model, max_tokens=100, messages=QUESTION) as stream:
            for piece in stream.text_stream:
                text += piece
    except anthropic.APIError as error:
        return [type(error).__name__, text]
    return ["nothing", text]


results: dict[str, Any] = {"version": anthropic.__version__}
for model in ("claude", "gpt"):
    results[model] = {
        "json": seen(create(model, temperature=0.5)),
        "stream": seen(streamed(model)),
        "tools": seen(create(model, tools=[TOOL])),
        "tools_stream": seen(streamed(model, tools=[TOOL])),
        "broken": broken(model),
    }
results["bad_key"] = refusal_of("tb_0000nobody")
results["unknown_model"] = refusal_of(KEY, model="nope")
results["bad_value"] = refusal_of(KEY, temperature=9)
results["no_money"] = refusal_of(POOR_KEY, max_tokens=20000)
results["upstream_529"] = refusal_of(KEY)
sys.stdout.write(json.dumps(results))
