"""What a client understands of a stream: the text that its pieces make, and every whole one."""

from typing import Any

Json = dict[str, Any]


def pieces_of(events: list[Json]) -> list[str]:
    """Every piece of text in order, found by its name wherever it is."""
    return [text for event in events for text in _texts(event)]


def _texts(event: Json) -> list[str]:
    if "output" in event:
        output = event["output"]
        return [output["text"] if "text" in output else output["choices"][0]["message"]["content"]]
    if event.get("choices"):
        (choice,) = event["choices"]
        delta = choice.get("delta", choice)
        calls = delta.get("tool_calls")
        return [calls[0]["function"]["arguments"] if calls else _first(delta, "content", "text")]
    if str(event.get("type")).endswith(".delta"):
        return [event["delta"]]
    if event.get("type") == "content_block_delta":
        return [_first(event["delta"], "text", "partial_json")]
    return []


def _first(fields: Json, *names: str) -> str:
    return next((fields[name] for name in names if name in fields), "")
