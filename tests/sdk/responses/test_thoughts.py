"""Thoughts of an Anthropic model survive a round trip through a caller of Responses."""

from typing import Any

from tests.sdk.shop import Shop
from tests.upstreams.anthropic_answers import Said, message
from tests.upstreams.responses_answers import Said as Answered, response

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
USER: Any = {"role": "user", "content": "Weather in Paris?"}
THOUGHT = Said(
    ("Let me see.",),
    thoughts=("Hm", ", Paris."),
    redacted="cmVkYWN0ZWQ=",
    calls=(("toolu_1", "get_weather", {"city": "Paris"}),),
)


def asked(shop: Shop, *items: Any, streaming: bool) -> Any:
    client = shop.client()
    given: Any = {
        "model": "claude",
        "input": [USER, *items],
        "tools": [WEATHER],
        "reasoning": {"effort": "low"},
        "max_output_tokens": 8000,
    }
    if not streaming:
        return client.responses.create(**given)
    with client.responses.stream(**given) as events:
        return events.get_final_response()


def test_signatures_come_back_to_whoever_issued_them(shop: Shop, streaming: bool) -> None:
    claude = shop.house.upstreams["claude"]
    claude.script(message(THOUGHT), message(Said(("18 degrees",))))

    first = asked(shop, streaming=streaming)
    output = {"type": "function_call_output", "call_id": "toolu_1", "output": "18 degrees"}
    items = [item.to_dict() for item in first.output]
    second = asked(shop, *items, output, streaming=streaming)

    assert first.output_text == "Let me see."
    assert second.output_text == "18 degrees"
    told = claude.requests[1].json["messages"][1]["content"]
    thought = {"type": "thinking", "thinking": "Hm, Paris.", "signature": THOUGHT.signature}
    assert thought in told
    assert {"type": "redacted_thinking", "data": THOUGHT.redacted} in told
    assert [block["type"] for block in told][-2:] == ["text", "tool_use"]
    assert len(shop.calls(2)) == 2


def test_another_upstream_never_sees_them(shop: Shop, streaming: bool) -> None:
    shop.house.upstreams["claude"].script(message(THOUGHT))
    shop.house.upstreams["modern"].script(response(Answered(("18",))))
    first = asked(shop, streaming=streaming)
    items: Any = [item.to_dict() for item in first.output]
    output: Any = {"type": "function_call_output", "call_id": "toolu_1", "output": "18 degrees"}

    shop.client().responses.create(model="vendor/large", input=[USER, *items, output])

    (sent,) = shop.house.upstreams["modern"].requests
    kinds = [item.get("type", "message") for item in sent.json["input"]]
    assert kinds == ["message", "message", "function_call", "function_call_output"]
    assert THOUGHT.signature.encode() not in sent.raw
