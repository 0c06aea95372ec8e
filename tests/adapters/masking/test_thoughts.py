"""Only a signed thought, where its protocol has it, stays as it was; rules see even that."""

from typing import Any

import pytest

from domain.content_rules import ContentBlockedError
from tests.adapters.masking.masks import MAIL, masked, rule

M = "[EMAIL_1]"
SIGNED = {"type": "thinking", "thinking": MAIL, "signature": "s"}
ITEM: dict[str, Any] = {"type": "reasoning", "summary": [{"text": MAIL}]}
SEALED: dict[str, dict[str, Any]] = {
    "block": {"messages": [{"role": "assistant", "content": [SIGNED]}]},
    "item": {"input": [ITEM | {"encrypted_content": "x"}]},
}
OPEN: dict[str, dict[str, Any]] = {
    "chat message": {"messages": [{"role": "user", "type": "reasoning", "content": MAIL}]},
    "thinking message": {"messages": [{"role": "user", "type": "thinking", "content": MAIL}]},
    "reasoning details": {
        "messages": [
            {"role": "assistant", "reasoning_details": [{"text": MAIL, "signature": "s"}]},
            {"role": "user", "reasoning_details": [{"text": MAIL}]},
        ]
    },
    "item": {"input": [ITEM | {"content": [{"text": MAIL}]}]},
    "item with nothing sealed": {"input": [ITEM | {"encrypted_content": ""}]},
    "item with a role": {"input": [ITEM | {"role": "user", "encrypted_content": "x"}]},
    "item within an item": {"input": [{"output": [ITEM | {"encrypted_content": "x"}]}]},
    "reference": {"input": [{"type": "item_reference", "id": "i", "content": MAIL}]},
    "unsigned block": {
        "messages": [{"role": "assistant", "content": [{**SIGNED, "signature": ""}]}]
    },
    "block without a signature": {
        "messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": MAIL}]}]
    },
    "block of a user": {"messages": [{"role": "user", "content": [SIGNED]}]},
    "block with a role": {
        "messages": [{"role": "assistant", "content": [{**SIGNED, "role": "x"}]}]
    },
    "block with more": {"messages": [{"role": "assistant", "content": [{**SIGNED, "text": MAIL}]}]},
    "redacted block": {
        "messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "x": MAIL}]}]
    },
    "block in a prompt": {"system": [SIGNED]},
    "block in a block": {
        "messages": [
            {"role": "assistant", "content": [{"type": "tool_result", "content": [SIGNED]}]}
        ]
    },
}


@pytest.mark.parametrize("name", SEALED)
def test_a_signed_thought_stays_as_it_was(name: str) -> None:
    assert masked(SEALED[name]) == SEALED[name]


@pytest.mark.parametrize("name", SEALED)
def test_a_term_that_blocks_is_found_even_there(name: str) -> None:
    with pytest.raises(ContentBlockedError):
        masked(SEALED[name], rule("example", "block"))


@pytest.mark.parametrize("name", OPEN)
def test_nothing_else_hides_behind_the_name_of_a_thought(name: str) -> None:
    found = masked(OPEN[name])

    assert MAIL not in str(found)
    assert M in str(found)
    with pytest.raises(ContentBlockedError):
        masked(OPEN[name], rule("example", "block"))


def test_a_placeholder_that_a_thought_repeats_stays_that_values() -> None:
    body = {"input": [{"role": "user", "content": MAIL}, {**ITEM, "summary": [{"text": M}]}]}

    assert masked(body)["input"][0]["content"] == M
