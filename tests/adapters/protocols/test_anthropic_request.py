"""What a caller of messages may say, and what goes upstream of it."""

import json
from typing import Any

import pytest

from adapters.protocols.anthropic.foreign import wrap
from adapters.protocols.anthropic.request import MessagesRequest, decode_count, decode_request
from adapters.protocols.media import Document, Findings, Image
from domain.errors import InvalidRequestError, UnsupportedParameterError

HI: Any = [{"role": "user", "content": "Hi"}]
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
CURRENT = {b"anthropic-version": b"2026-10-21"}


def asked(headers: dict[bytes, bytes] | None = None, **fields: Any) -> MessagesRequest:
    body = {"model": "m", "max_tokens": 2000, "messages": HI, **fields}
    return decode_request(json.dumps(body).encode(), headers or {})


def says(*blocks: Any, role: str = "user") -> Any:
    return [{"role": role, "content": list(blocks)}]


def written(request: MessagesRequest) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(request.written_for("upstream-m", max_tokens=7))
    return fields


def test_the_callers_own_words_go_upstream_but_for_model_and_cap() -> None:
    fields = {
        "stream": True,
        "system": [{"type": "text", "text": "Be.", "cache_control": {"type": "ephemeral"}}],
        "metadata": {"user_id": "u"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "service_tier": "standard_only",
    }

    assert written(asked(**fields)) == {
        **fields,
        "messages": HI,
        "model": "upstream-m",
        "max_tokens": 7,
    }


def test_tags_stay_here_and_questions_about_caches_are_not_passed_on() -> None:
    request = asked(
        metadata={"user_id": "u", "cost_center": "c-1"},
        diagnostics={"previous_message_id": "msg_1"},
    )

    assert request.tags == {"user_id": "u", "cost_center": "c-1"}
    assert written(request)["metadata"] == {"user_id": "u"}
    assert "diagnostics" not in written(request)
    assert written(asked(metadata={"cost_center": "c-1"}))["metadata"] == {}


def test_thoughts_that_others_signed_do_not_go_to_anthropic() -> None:
    thoughts = [
        {"type": "thinking", "thinking": "own", "signature": "c2ln"},
        {"type": "thinking", "thinking": "none", "signature": ""},
        {"type": "thinking", "thinking": "foreign", "signature": wrap("gemini", "x")},
        {"type": "redacted_thinking", "data": wrap("gemini", "x", "call_1")},
        {"type": "redacted_thinking", "data": "own"},
    ]
    only_foreign = {"role": "assistant", "content": [thoughts[2]]}

    sent = written(asked(messages=[*HI, *says(*thoughts, role="assistant"), only_foreign]))

    assert sent["messages"] == [*HI, *says(thoughts[0], thoughts[4], role="assistant")]


def test_the_request_tells_what_it_is() -> None:
    request = asked(stream=True)

    assert (request.protocol, request.model, request.stream) == ("anthropic", "m", True)
    assert (request.output_cap, request.choices) == (2000, 1)
    assert (request.service_tier, request.extras) == (None, {})
    assert asked().stream is False


def test_what_has_a_price_of_its_own_is_told() -> None:
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 2}

    request = asked(speed="fast", tools=[SEARCH, fetch, {**SEARCH, "name": "again"}])

    assert request.service_tier == "fast"
    assert request.extras == {"web_search": 6, "web_fetch": 2}


def test_the_version_is_the_older_one_unless_told() -> None:
    assert asked().version == "2023-06-01"
    assert asked(CURRENT).version == "2026-10-21"
    with pytest.raises(InvalidRequestError) as caught:
        asked({b"anthropic-version": b"2019-01-01"})
    assert caught.value.param == "anthropic-version"


def test_only_betas_that_cost_nothing_are_passed_on() -> None:
    betas = b"effort-2025-11-24, fast-mode-2026-02-01,claude-code-20250219,skills-2025-10-02"

    assert asked({b"anthropic-beta": betas}).betas == ("effort-2025-11-24", "claude-code-20250219")


def test_the_beta_for_a_context_that_is_not_held_for_is_not_passed_on() -> None:
    assert asked({b"anthropic-beta": b"context-1m-2025-08-07"}).betas == ()


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_the_newer_version_takes_no_sampling(name: str) -> None:
    assert written(asked(**{name: 1}))[name] == 1
    with pytest.raises(UnsupportedParameterError) as caught:
        asked(CURRENT, **{name: 1})
    assert caught.value.param == name


IMAGE = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": says({"type": "text"})}, "messages[0].content[0].text"),
        ({"messages": says({"type": "text", "text": 5})}, "messages[0].content[0].text"),
        (
            {"messages": says({"type": "image", "source": {"type": "base64", "data": ""}})},
            "messages[0].content[0].source.media_type",
        ),
        ({"temperature": 1.5}, "temperature"),
        ({"system": 5}, "system"),
        ({"tools": [{"name": "t"}]}, "tools[0].input_schema"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "adaptive", "budget_tokens": 2000}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "thinking.budget_tokens"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
    ],
)
def test_a_wrong_value_is_refused_by_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        asked(**fields)

    assert (caught.value.param, caught.value.code) == (param, "invalid_value")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"unheard_of": 1}, "unheard_of"),
        ({"container": "c"}, "container"),
        ({"mcp_servers": []}, "mcp_servers"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"service_tier": "priority"}, "service_tier"),
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}]}},
            "context_management.edits[0].type",
        ),
        (
            {"messages": says({"type": "container_upload", "file_id": "f"})},
            "messages[0].content[0].type",
        ),
        (
            {"messages": says({"type": "image", "source": {"type": "file", "file_id": "f"}})},
            "messages[0].content[0].source.type",
        ),
        ({"tools": [{"type": "code_execution_20250825", "name": "c"}]}, "tools[0].type"),
        ({"tools": [{**SEARCH, "max_uses": None}]}, "tools[0].max_uses"),
        ({"tools": [{"type": "unheard_20300101", "name": "u"}]}, "tools[0].type"),
    ],
)
def test_what_may_cost_more_than_is_held_is_refused_by_name(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        asked(**fields)

    assert caught.value.param == param


def test_tools_of_anthropics_making_that_the_caller_runs_pass() -> None:
    names = (
        "bash_20250124",
        "text_editor_20250728",
        "memory_20250818",
        "computer_toolset_20260801",
    )
    tools = [{"type": name, "name": "t"} for name in names]

    assert written(asked(tools=tools))["tools"] == tools


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        asked(context_management={"edits": [{"type": "clear_thinking_20251015", "x": "\ud800"}]})


def test_a_prompt_is_taken_apart() -> None:
    inner = [{"type": "text", "text": "18C"}, {"type": "image", "source": IMAGE}]
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    blocks = [
        {"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image", "source": {"type": "url", "url": "https://x.test/a"}},
        {"type": "document", "source": pdf, "title": "Plan"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "w"}},
        {"type": "document", "source": {"type": "content", "content": inner}},
        {"type": "document", "source": {"type": "url", "url": "https://x.test/b"}},
        {"type": "tool_result", "tool_use_id": "t", "content": inner},
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    ]

    parts = asked(messages=says(*blocks), system="Be.", tools=[SEARCH]).prompt_parts()

    text = " ".join(parts.texts)
    for said in ("Be.", "Look.", "Plan", "w", "18C", "hm", "web_search"):
        assert said in parts.texts
    assert "c2ln" not in text
    assert "iVBOR" not in text
    assert "JVBER" not in text
    assert "ephemeral" not in text
    assert (parts.messages, parts.tools) == (1, 1)
    assert [type(item) for item in parts.media] == [
        Findings, Image, Document, Image, Document, Image,
    ]  # fmt: skip
    assert parts.media[0] == Findings(3)


def test_a_prompt_tells_what_it_needs() -> None:
    schema = {"type": "json_schema", "schema": {"type": "object"}}

    parts = asked(output_config={"format": schema}, thinking={"type": "adaptive"}).prompt_parts()
    plain = asked(output_config={"effort": "low"}, thinking={"type": "disabled"}).prompt_parts()

    assert (parts.json_schema, parts.reasoning) == (True, True)
    assert (plain.json_schema, plain.reasoning) == (False, False)


def test_a_count_is_asked_for_without_what_only_an_answer_needs() -> None:
    body = {"model": "m", "messages": HI, "system": "Be."}

    request = decode_count(json.dumps(body).encode(), {})

    assert json.loads(request.written_for("up")) == {**body, "model": "up"}
    with pytest.raises(UnsupportedParameterError) as caught:
        decode_count(json.dumps({**body, "max_tokens": 5}).encode(), {})
    assert caught.value.param == "max_tokens"
