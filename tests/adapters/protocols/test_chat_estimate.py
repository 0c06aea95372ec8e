"""The size of a prompt before the call: never too small for text, and bounded for the rest."""

import json
from typing import Any

from hypothesis import given, strategies as st

from adapters.protocols.openai_chat.estimate import (
    PER_FILE,
    PER_IMAGE,
    WITH_TOOLS,
    estimate_prompt,
)
from adapters.protocols.openai_chat.request import decode_request
from adapters.token_count import RUN_MAX, count_tokens
from domain.metering import Estimate


def estimate(context: int = 10**6, **fields: Any) -> Estimate:
    fields.setdefault("messages", [{"role": "user", "content": "Hello"}])
    return estimate_prompt(decode_request(json.dumps({"model": "m", **fields}).encode()), context)


@given(st.text(max_size=400))
def test_a_hold_covers_the_count_and_the_ceiling_covers_the_hold(text: str) -> None:
    found = estimate(messages=[{"role": "user", "content": text}])

    assert count_tokens(text) <= found.count <= found.hold + 1 <= found.ceiling


def test_text_in_parts_counts_like_plain_text() -> None:
    parts = [{"type": "text", "text": "Hello there, how are you?"}]

    plain = estimate(messages=[{"role": "user", "content": "Hello there, how are you?"}])
    parted = estimate(messages=[{"role": "user", "content": parts}])

    assert plain.count <= parted.count <= plain.count + 3


def test_base64_is_never_counted_as_text() -> None:
    data = "A" * 100_000
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    file = {"type": "file", "file": {"file_data": data}}
    audio = {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}

    assert estimate(messages=[{"role": "user", "content": [image]}]).hold < PER_IMAGE + 50
    assert estimate(messages=[{"role": "user", "content": [file]}]).hold < PER_FILE + 50
    assert 600 <= estimate(messages=[{"role": "user", "content": [audio]}]).hold < 700


def test_tools_count_with_their_schemas() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}

    assert estimate(tools=[tool]).hold > estimate().hold + WITH_TOOLS


def test_nothing_exceeds_the_models_context() -> None:
    found = estimate(100, messages=[{"role": "user", "content": "word " * 1000}])

    assert found == Estimate(100, 100, 100)


def test_a_very_long_run_is_counted_in_pieces() -> None:
    assert count_tokens("a" * (RUN_MAX * 2)) > RUN_MAX // 8
