"""Which parts of a request are masked, in every protocol, and which are left alone."""

from typing import Any

import orjson
import pytest

from adapters.masking.prompt import mask_prompt
from adapters.masking.terms import Terms
from domain.content_rules import ContentBlockedError
from domain.errors import InvalidRequestError, UnsupportedParameterError
from domain.security_policy import MASKS
from tests.adapters.masking.masks import CARD, MAIL, masked, rule

M, C = "[EMAIL_1]", "[CARD_1]"
PROMPTS: dict[str, Any] = {
    "chat": {
        "messages": [
            {"role": "system", "content": MAIL},
            {"role": "user", "name": "a", "content": [{"type": "text", "text": MAIL}]},
            {"role": "assistant", "content": None, "reasoning_content": MAIL, "refusal": MAIL},
            {"role": "tool", "tool_call_id": "c", "content": MAIL},
        ],
        "prediction": {"type": "content", "content": MAIL},
    },
    "completions": {"prompt": [MAIL, MAIL], "suffix": MAIL},
    "messages": {
        "system": [{"type": "text", "text": MAIL}],
        "messages": [
            {"role": "user", "content": MAIL},
            {"role": "assistant", "content": [{"type": "text", "text": MAIL}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t", "content": [{"text": MAIL}]},
                    {"type": "document", "title": MAIL, "source": {"type": "text", "data": MAIL}},
                ],
            },
        ],
    },
    "responses": {
        "instructions": MAIL,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": MAIL}]},
            {"type": "function_call_output", "call_id": "c", "output": MAIL},
            {"type": "custom_tool_call", "call_id": "c", "name": "n", "input": MAIL},
        ],
        "prompt": {"id": "p", "variables": {"name": MAIL}},
    },
    "dashscope": {
        "input": {"messages": [{"role": "user", "content": [{"text": MAIL}]}], "prompt": MAIL}
    },
}
LEFT_ALONE: dict[str, Any] = {
    "model": MAIL,
    "tools": [
        {"type": "function", "function": {"name": MAIL, "parameters": {"properties": {MAIL: {}}}}},
        {"type": "mcp", "server_url": MAIL, "authorization": MAIL, "headers": {"x": MAIL}},
        {"properties": {"default": {"pattern": MAIL}}, "$defs": {"enum": {"pattern": MAIL}}},
        {"name": "f", "input_schema": {"pattern": MAIL, "required": [MAIL], "default": 4 * 10**15}},
    ],
    "messages": [
        {"role": MAIL, "name": MAIL, "tool_call_id": MAIL, "id": MAIL},
        {"role": "tool", "name": MAIL},
        {
            "role": "assistant",
            "content": [
                {"type": "image_url", "image_url": {"url": MAIL}},
                {"type": "input_audio", "input_audio": {"data": MAIL}},
                {"type": "image", "source": {"type": "base64", "data": MAIL, "media_type": MAIL}},
                {"type": "search_result", "source": MAIL},
                {"type": "thinking", "thinking": MAIL, "signature": MAIL},
                {"type": "redacted_thinking", "data": MAIL},
                {"image": MAIL},
            ],
        },
    ],
    "input": [{"type": "reasoning", "summary": [{"text": MAIL}], "encrypted_content": MAIL}],
}


@pytest.mark.parametrize("protocol", PROMPTS)
def test_text_is_masked_wherever_a_protocol_carries_it(protocol: str) -> None:
    body = PROMPTS[protocol]

    written = orjson.dumps(masked(body)).decode()

    assert MAIL not in written
    assert written.replace(M, MAIL).encode() == orjson.dumps(body)


def test_what_is_no_text_is_left_alone() -> None:
    raw = orjson.dumps(LEFT_ALONE)

    found = mask_prompt(raw, MASKS, Terms(()))

    assert (found.body, len(found.placeholders)) == (raw, 0)


def test_a_body_without_personal_data_stays_byte_for_byte() -> None:
    raw = b'{ "messages" : [ {"content": "\\u00e4 1e2" , "x": 1.50} ] }'

    assert mask_prompt(raw, MASKS, Terms([rule("secret")])).body is raw


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (f'{{"to": "{MAIL}", "n": 1}}', f'{{"to":"{M}","n":1}}'),
        ('{"to": "\\u0061da@example.com"}', f'{{"to":"{M}"}}'),
        ('{"card": 4111111111111111, "ok": true, "n": 12}', f'{{"card":"{C}","ok":true,"n":12}}'),
        (f'{{"{MAIL}": {{"{CARD}": 1}}}}', f'{{"{M}":{{"{C}":1}}}}'),
        ('{"type": "x", "name": ["' + CARD + '"]}', f'{{"type":"x","name":["{C}"]}}'),
        ('{"n": 1234567890,  "x": null}', '{"n": 1234567890,  "x": null}'),
        (f"to {MAIL}", f"to {M}"),
        ("[" * 500 + f'"{MAIL}"' + "]" * 500, "[" * 500 + f'"{M}"' + "]" * 500),
    ],
)
def test_in_the_arguments_of_a_tool_every_name_and_value_is_data(
    arguments: str, expected: str
) -> None:
    call = {"id": MAIL, "type": "function", "function": {"name": "f", "arguments": arguments}}

    body = masked({"messages": [{"role": "assistant", "tool_calls": [call]}]})

    found = body["messages"][0]["tool_calls"][0]
    assert (found["id"], found["function"]["arguments"]) == (MAIL, expected)


def test_the_input_of_a_tool_is_data_too() -> None:
    given = {"id": MAIL, "name": [MAIL, 7], "url": {MAIL: CARD}}
    block = {"type": "tool_use", "id": MAIL, "name": "f", "input": given}

    body = masked({"messages": [{"role": "assistant", "content": [block]}]})

    expected = {"id": M, "name": [M, 7], "url": {M: C}}
    assert body["messages"][0]["content"] == [{**block, "input": expected}]


@pytest.mark.parametrize("name", ["prompt", "input"])
@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2]], ["text", 3]])
def test_a_prompt_of_tokens_is_refused(name: str, tokens: list[Any]) -> None:
    with pytest.raises(UnsupportedParameterError, match=f"'{name}' must be text"):
        masked({name: tokens})


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"a": NaN}', b'{"a":1,"a":2}'])
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        mask_prompt(raw, MASKS, Terms(()))


def test_a_body_that_is_nested_too_deeply_to_be_looked_through_is_refused() -> None:
    arguments: Any = {"arguments": "[" * 250 + "]" * 250}
    for _ in range(190):
        arguments = {"content": arguments}

    def within(frames: int) -> Any:
        return within(frames - 1) if frames else masked({"input": arguments})

    with pytest.raises(InvalidRequestError, match="nested too deeply"):
        within(200)


def test_a_blocked_term_refuses_the_call_and_only_the_rule_is_named() -> None:
    rules = rule("falcon", "mask", "soft"), rule("Eagle", "block", "birds-1")

    with pytest.raises(ContentBlockedError, match="'birds-1'") as caught:
        masked({"messages": [{"content": "falcon"}, {"content": "an eagle"}]}, *rules)

    assert "eagle" not in str(caught.value).lower()
    assert masked({"messages": [{"content": "falcon"}]}, *rules)["messages"] == [
        {"content": "[TERM_1]"}
    ]


def test_a_stream_that_only_tells_what_is_new_is_known_by_its_parameter() -> None:
    def told(parameters: Any) -> bool | None:
        raw = orjson.dumps({"parameters": parameters})
        return mask_prompt(raw, MASKS, Terms(())).incremental

    assert told({"incremental_output": True}) is True
    assert told({"incremental_output": False}) is None
    assert told(None) is None
