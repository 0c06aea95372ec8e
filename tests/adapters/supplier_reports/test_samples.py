"""The real shapes are read as what they say, to the token and to the nano."""

import hashlib

import pytest
from openai.types.admin.organization import UsageCompletionsResponse, UsageCostsResponse

from domain.supplier_report import COST, USAGE, Line
from tests.adapters.supplier_reports.told import BY_FORMAT, drafted, sample

DAY, NEXT = "2026-11-01", "2026-11-02"
MINI, FULL, SONNET = "gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "claude-sonnet-4-20250514"
APIKEY = "apikey_01Rj2N8SVvo6BePZj99NhmiT"
WORKSPACE = "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ"


@pytest.mark.parametrize(
    ("shape", "name"),
    [(UsageCompletionsResponse, "openai-usage"), (UsageCostsResponse, "openai-costs")],
)
def test_the_samples_are_what_openais_own_client_reads(shape: type, name: str) -> None:
    response = shape.model_validate_json(sample(name), strict=True)  # type: ignore[attr-defined]

    assert response.data[0].results[0].object.startswith("organization.")


@pytest.mark.parametrize("name", BY_FORMAT)
def test_a_format_is_recognised(name: str) -> None:
    told, recognised = drafted(sample(name), name), drafted(sample(name))

    assert recognised == told
    assert recognised.format == name
    assert recognised.sha256 == hashlib.sha256(sample(name)).hexdigest()
    assert recognised.provider == "p"


def test_openais_usage_is_split_so_that_no_token_is_in_two_buckets() -> None:
    draft = drafted(sample("openai-usage"))

    full, mini = draft.lines
    assert mini == Line(
        DAY,
        MINI,
        "key_ours",
        usage={
            "input": 4600, "cached_input": 4000, "cache_write": 1000, "audio_input": 300,
            "image_input": 100, "output": 2300, "audio_output": 150, "image_output": 50,
        },
        requests=42,
    )  # fmt: skip
    assert full == Line(DAY, FULL, "key_ours", usage={"input": 700, "output": 70}, requests=7)
    assert sum((mini.usage or {}).values()) == 10_000 + 2_500
    assert (draft.kinds, draft.currency, draft.read_count) == ((USAGE,), None, 2)
    assert (draft.days, draft.partial_days) == ((DAY, NEXT), ())


def test_openais_costs_are_exact_and_named_by_model_and_part() -> None:
    draft = drafted(sample("openai-costs"))

    assert draft.lines == (
        Line(DAY, "gpt-4o", amount=-250_000_000),
        Line(DAY, FULL, "key_ours", "priority_output_long_context", amount=1_500_000),
        Line(DAY, MINI, "key_ours", "cached_input", amount=300),
        Line(DAY, MINI, "key_ours", "input", amount=130_804_380),
        Line(DAY, "gpt-audio-mini-2025-12-15", "key_ours", "audio_input", amount=20_000_000),
        Line(DAY, "item:web_search_tool_calls", amount=2_000_000_000),
    )
    assert (draft.kinds, draft.currency, draft.read_count) == ((COST,), "USD", 6)


def test_anthropics_usage_is_added_up_over_tiers_and_windows() -> None:
    draft = drafted(sample("anthropic-usage"))

    assert draft.lines == (
        Line(
            DAY,
            SONNET,
            APIKEY,
            usage={
                "input": 1510, "cached_input": 200, "cache_write_1h": 1000, "cache_write_5m": 500,
                "output": 520,
            },
        ),
    )  # fmt: skip
    assert (draft.kinds, draft.read_count) == ((USAGE,), 2)


def test_anthropics_costs_are_cents() -> None:
    draft = drafted(sample("anthropic-cost"))

    assert draft.lines == (
        Line(DAY, SONNET, "", "batch_cache_creation_ephemeral_1h_input_tokens", amount=4),
        Line(DAY, SONNET, WORKSPACE, "uncached_input_tokens", amount=1_237_891_200),
        Line(DAY, "item:web_search", amount=100_000_000),
    )
    assert (draft.kinds, draft.currency) == ((COST,), "USD")


def test_a_table_tells_tokens_and_money() -> None:
    draft = drafted(sample("csv"))

    usage = {"input": 1000, "cached_input": 200, "cache_write": 50, "output": 300}
    assert draft.lines == (
        # Half a nano more than 0.0123, rounded to the even one.
        Line(DAY, "deepseek-chat", "key-1", "", usage, 11, 12_300_000),
        Line(NEXT, "deepseek-chat", "", "", {"input": 7, "output": 9}, 2, -10_000_000),
    )
    assert (draft.kinds, draft.currency, draft.days) == ((USAGE, COST), "USD", (DAY, NEXT))
    assert draft.read_count == 3
