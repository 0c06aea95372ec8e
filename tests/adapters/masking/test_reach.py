"""Beside what was said, who calls, and what tools and formats tell of themselves, is masked."""

from typing import Any

import pytest

from domain.content_rules import ContentBlockedError
from tests.adapters.masking.masks import CARD, MAIL, masked, rule

M, C = "[EMAIL_1]", "[CARD_1]"
SCHEMA: dict[str, Any] = {
    "title": MAIL,
    "type": "object",
    "properties": {
        "description": {"type": "string", "description": MAIL, "default": MAIL, "enum": [MAIL]},
        "default": {"anyOf": [{"const": MAIL}, {"examples": [{"to": MAIL, "n": [1]}]}]},
    },
    "$defs": {"enum": {"items": {"description": MAIL}}},
}
FORMAT: dict[str, Any] = {"type": "json_schema", "schema": SCHEMA}
TOOL: dict[str, Any] = {"type": "function", "name": "f", "description": MAIL, "parameters": SCHEMA}
BODIES: dict[str, dict[str, Any]] = {
    "user": {"user": MAIL},
    "safety": {"safety_identifier": MAIL},
    "cache": {"prompt_cache_key": MAIL},
    "metadata": {"metadata": {"user_id": MAIL, "who": {MAIL: [MAIL]}, MAIL: 1}},
    "metadata of a client": {"client_metadata": {"mail": MAIL}},
    "template": {
        "chat_template_kwargs": {"note": MAIL, "more": [{"enable_thinking": True, MAIL: 1}]}
    },
    "stop": {"stop": [MAIL]},
    "one stop": {"stop": MAIL},
    "stop sequences": {"stop_sequences": [MAIL]},
    "dashscope's stop": {"parameters": {"stop": [MAIL]}},
    "name": {"messages": [{"role": "user", "name": MAIL, "content": "x"}]},
    "chat tool": {"tools": [{"type": "function", "function": TOOL}]},
    "functions": {"functions": [TOOL]},
    "tool of messages": {"tools": [{"input_schema": SCHEMA, "input_examples": [{"to": MAIL}]}]},
    "tool of responses": {"tools": [TOOL, {"type": "mcp", "server_description": MAIL}]},
    "dashscope's tool": {"parameters": {"tools": [{"function": TOOL}]}},
    "chat format": {"response_format": {"type": "json_schema", "json_schema": FORMAT}},
    "responses format": {"text": {"format": {**FORMAT, "description": MAIL}}},
    "messages format": {"output_config": {"format": FORMAT}},
    "older messages format": {"output_format": FORMAT},
    "dashscope's format": {"parameters": {"response_format": FORMAT}},
}


@pytest.mark.parametrize("name", BODIES)
def test_what_stands_beside_the_prompt_is_masked_and_blocked(name: str) -> None:
    body = BODIES[name]

    found = str(masked(body))

    assert found.replace(M, MAIL) == str(body)
    assert M in found
    assert MAIL not in found
    with pytest.raises(ContentBlockedError):
        masked(body, rule("example", "block"))


def test_a_number_that_tells_who_calls_becomes_a_text() -> None:
    number = int(CARD.replace(" ", ""))

    assert masked({"metadata": {"user_id": number}}) == {"metadata": {"user_id": C}}


def test_a_callers_name_without_place_for_a_placeholder_is_left_out() -> None:
    assert masked({"user_id": "4111111111111111", "user": "u"}) == {"user": "u"}
    assert masked({"user_id": "u-1", "user": "u"}) == {"user_id": "u-1", "user": "u"}


def test_a_tag_stays_the_code_that_a_call_is_booked_under() -> None:
    metadata = {"cost_center": "falcon", "team": MAIL, "other": "falcon"}

    found = masked(
        {"metadata": metadata}, rule("falcon"), rule("team"), tags=("cost_center", "team")
    )

    assert found == {"metadata": {"cost_center": "falcon", "team": MAIL, "other": "[TERM_1]"}}


def test_what_is_no_code_is_masked_even_under_the_name_of_a_tag() -> None:
    body = {"metadata": {"cost_center": f"to {MAIL}", "team": [MAIL]}}

    found = masked(body, tags=("cost_center", "team"))

    assert found == {"metadata": {"cost_center": f"to {M}", "team": [M]}}


def test_a_term_that_blocks_is_found_in_a_tag() -> None:
    with pytest.raises(ContentBlockedError):
        masked({"metadata": {"t": "falcon"}}, rule("falcon", "block"), tags=("t",))
