"""A chat prompt taken apart: every text that a provider reads, and nothing that is none."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st

from adapters.protocols.media import ELSEWHERE_MAX, IMAGE_MAX, Document
from adapters.protocols.openai_chat.request import decode_request
from adapters.protocols.prompt_size import WITH_TOOLS, PromptParts, measure
from adapters.token_count import count_tokens
from domain.margin import Margin
from domain.metering import Estimate
from tests.adapters.pictures import png_url

HELLO = [{"role": "user", "content": "Hello there, how are you?"}]


def parts(**fields: Any) -> PromptParts:
    fields.setdefault("messages", HELLO)
    return decode_request(json.dumps({"model": "m", **fields}).encode()).prompt_parts()


def estimate(**fields: Any) -> Estimate:
    return measure(parts(**fields)).estimate(10**6, Margin())


def user(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


@settings(deadline=None)  # the first to count loads the vocabulary
@given(st.text(max_size=400))
def test_a_hold_covers_the_count_and_the_ceiling_covers_the_hold(text: str) -> None:
    found = estimate(messages=[{"role": "user", "content": text}])

    assert count_tokens(text) <= found.count <= found.hold <= found.ceiling


def test_text_in_parts_counts_like_plain_text() -> None:
    parted = user({"type": "text", "text": HELLO[0]["content"]})

    assert estimate(messages=parted).count == estimate().count


def test_everything_that_is_said_is_text_but_roles() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    refusal = {"type": "refusal", "refusal": "No."}
    found = parts(
        messages=[
            {"role": "system", "content": "Be brief.", "name": "boss"},
            {"role": "assistant", "content": [refusal], "tool_calls": [call]},
            {"role": "tool", "content": None, "tool_call_id": "c1"},
        ]
    )

    assert found.messages == 3
    for text in ("Be brief.", "boss", "No.", '{"a":1}', "arguments", "c1"):
        assert text in found.texts
    assert not {"system", "assistant", "tool"} & set(found.texts)


def test_tools_count_with_their_schemas() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}

    found = parts(tools=[tool, tool], functions=[{"name": "old"}])

    assert found.tools == 3
    assert {"city", "weather", "old"} <= set(found.texts)
    assert estimate(tools=[tool]).hold > estimate().hold + WITH_TOOLS


def test_a_schema_of_the_answer_is_read_too() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": {}}}

    assert "invoice" in parts(response_format=form).texts


def test_base64_is_never_counted_as_text() -> None:
    data = "A" * 400_000
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    file = {"type": "file", "file": {"file_data": data}}
    audio = {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}

    assert estimate(messages=user(image)).hold < IMAGE_MAX + 50
    assert estimate(messages=user(file)).hold < ELSEWHERE_MAX + 50
    assert 12_800 <= estimate(messages=user(audio)).hold < 12_850


def test_an_image_is_sized_by_its_header_and_its_detail() -> None:
    url = {"url": png_url(1024, 1024), "detail": "low"}
    (image,) = parts(messages=user({"type": "image_url", "image_url": url})).media

    assert image.tokens(Margin()) < 2_000
    assert image.tokens(Margin(honours_detail=True)) < image.tokens(Margin())


def test_a_file_that_was_uploaded_before_is_elsewhere() -> None:
    file = {"type": "file", "file": {"file_id": "file-1"}}

    assert parts(messages=user(file)).media == [Document()]
