"""Results that cannot be so are refused with their field; nothing that may be billed is lost."""

from typing import Any

import pytest

from tests.adapters.supplier_reports.told import changed, drafted, refused, result_of

ABSENT = object()


def with_field(name: str, path: str, value: object, number: int = 0) -> bytes:
    """A sample in which one field of a result is another, or is gone."""

    def change(page: Any) -> None:
        holder = result_of(page, number)
        *outer, last = path.split(".")
        for step in outer:
            holder = holder[step]
        if value is ABSENT:
            del holder[last]
        else:
            holder[last] = value

    return changed(name, change)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai-usage", "input_tokens"),
        ("openai-usage", "output_tokens"),
        ("openai-usage", "input_cached_tokens"),
        ("openai-usage", "input_cache_write_tokens"),
        ("openai-usage", "input_cache_write_30m_tokens"),
        ("openai-usage", "input_audio_tokens"),
        ("openai-usage", "output_image_tokens"),
        ("openai-usage", "num_model_requests"),
        ("anthropic-usage", "uncached_input_tokens"),
        ("anthropic-usage", "cache_read_input_tokens"),
        ("anthropic-usage", "output_tokens"),
        ("anthropic-usage", "cache_creation.ephemeral_1h_input_tokens"),
        ("anthropic-usage", "cache_creation.ephemeral_5m_input_tokens"),
    ],
)
@pytest.mark.parametrize("value", [-1, 1.5, "5", True, 10**16, [], {}])
def test_a_count_is_a_whole_number(name: str, path: str, value: object) -> None:
    where, problem = refused(with_field(name, path, value))

    assert where == f"$.data[0].results[0].{path}"
    assert "whole number" in problem


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai-usage", "input_tokens"),
        ("anthropic-usage", "uncached_input_tokens"),
        ("anthropic-usage", "cache_read_input_tokens"),
        ("anthropic-usage", "output_tokens"),
        ("anthropic-usage", "cache_creation.ephemeral_1h_input_tokens"),
    ],
)
def test_a_count_that_is_always_there_may_not_be_missing(name: str, path: str) -> None:
    for value in (ABSENT, None):
        where, problem = refused(with_field(name, path, value), name)

        assert (where.rpartition(".")[2], problem) == (path.rpartition(".")[2], "is missing")


def test_older_counters_may_be_absent() -> None:
    raw = with_field("anthropic-usage", "cache_creation", None)

    assert "cache_write_1h" not in (drafted(raw).lines[0].usage or {})


@pytest.mark.parametrize("name", ["openai-usage", "anthropic-usage"])
def test_a_new_kind_of_tokens_is_not_left_out(name: str) -> None:
    where, problem = refused(with_field(name, "input_video_tokens", 7))

    assert where == "$.data[0].results[0].input_video_tokens"
    assert "not known here" in problem
    for harmless in (0, None):
        drafted(with_field(name, "input_video_tokens", harmless))
    drafted(with_field(name, "new_dimension", "x"))


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("input_cached_tokens", 9_999, "input_tokens"),
        ("input_uncached_tokens", 5_001, "input_tokens"),
        ("output_audio_tokens", 2_500, "output_tokens"),
        ("input_audio_tokens", 10_001, "input_tokens"),
    ],
)
def test_parts_may_not_be_more_than_the_whole(path: str, value: int, at: str) -> None:
    where, problem = refused(with_field("openai-usage", path, value))

    assert where == f"$.data[0].results[0].{at}"
    assert "its parts" in problem


def test_cache_writes_are_worked_out_where_an_export_does_not_tell_them() -> None:
    def told(**fields: object) -> Any:
        def change(page: Any) -> None:
            result_of(page).update(
                {
                    "input_cache_write_tokens": None,
                    "input_cache_write_30m_tokens": None,
                    "input_cache_write_12h_tokens": None,
                    **fields,
                }
            )

        return (drafted(changed("openai-usage", change)).lines[1].usage or {}).get("cache_write")

    assert told() == 1000
    assert told(input_cache_write_30m_tokens=400, input_cache_write_12h_tokens=600) == 1000
    assert told(input_uncached_tokens=None) is None
    assert told(input_uncached_tokens=None, input_cache_write_12h_tokens=7) == 7


def test_embeddings_have_no_output() -> None:
    def change(page: Any) -> None:
        page["data"][0]["results"] = [
            {
                "object": "organization.usage.embeddings.result",
                "model": "text-embedding-3-small",
                "input_tokens": 9,
                "num_model_requests": 1,
            }
        ]

    assert drafted(changed("openai-usage", change)).lines[0].usage == {"input": 9}


@pytest.mark.parametrize("kind", ["organization.usage.images.result", "x", None, 7, ["x"]])
@pytest.mark.parametrize("name", ["openai-usage", "openai-costs"])
def test_other_objects_are_refused_by_name(name: str, kind: object) -> None:
    where, _ = refused(with_field(name, "object", kind), name)

    assert where == "$.data[0].results[0].object"


@pytest.mark.parametrize("value", ["", "1,5", "0x1", "NaN", "1e", None, True, [], "1" * 41, "1e99"])
def test_an_amount_is_a_decimal(value: object) -> None:
    assert refused(with_field("openai-costs", "amount.value", value))[0].endswith("amount.value")
    assert refused(with_field("anthropic-cost", "amount", value))[0].endswith("amount")


def test_an_amount_may_be_written_as_text() -> None:
    lines = drafted(with_field("openai-costs", "amount.value", "0.13080438")).lines

    assert lines[3].amount == 130_804_380


def test_anthropics_amount_is_never_a_number() -> None:
    _, problem = refused(with_field("anthropic-cost", "amount", 123.5))

    assert "decimal string of cents" in problem


@pytest.mark.parametrize("value", ["us", "", "usdt", 5, None, "U$D"])
def test_a_currency_has_three_letters(value: object) -> None:
    for name, path in (("openai-costs", "amount.currency"), ("anthropic-cost", "currency")):
        where, problem = refused(with_field(name, path, value))

        assert where.endswith("currency")
        assert "three-letter" in problem


def test_two_currencies_in_one_file_are_refused() -> None:
    where, problem = refused(with_field("openai-costs", "amount.currency", "eur", number=2))

    assert where == "$.data[0].results[2]"
    assert problem == "is in EUR, and others are in USD"


def test_only_of_dollars_it_is_known_what_a_cent_is() -> None:
    assert "is JPY" in refused(with_field("anthropic-cost", "currency", "JPY"))[1]


def test_costs_must_be_grouped() -> None:
    assert refused(with_field("openai-costs", "line_item", None))[1].endswith("by line_item")
    assert refused(with_field("anthropic-cost", "cost_type", None))[1].endswith("by description")
    assert refused(with_field("openai-costs", "amount", None))[1] == "is missing"


@pytest.mark.parametrize("value", ["", " ", "…", "x" * 301, 7])
def test_a_line_item_has_a_name(value: object) -> None:
    assert refused(with_field("openai-costs", "line_item", value))[0].endswith("line_item")


@pytest.mark.parametrize(
    ("text", "model", "component"),
    [
        ("gpt-4o-mini-2024-07-18, input", "gpt-4o-mini-2024-07-18", "input"),
        ("gpt-6-astra, input_tokens", "gpt-6-astra", "input_tokens"),
        ("gpt-5.6-sol, output, long context", "gpt-5.6-sol", "output_long_context"),
        ("priority | gpt-5, cache writes", "gpt-5", "priority_cache_writes"),
        ("gpt-image-2.5 text, cached input", "gpt-image-2.5", "text_cached_input"),
        ("ft:gpt-4o:acme::1, output", "ft:gpt-4o:acme::1", "output"),
        ("gpt-4o", "gpt-4o", ""),
        ("Vector storage", "item:vector_storage", ""),
        ("Vector storage, per GB", "item:vector_storage_per_gb", ""),
    ],
)
def test_a_line_item_names_a_model_or_a_fee(text: str, model: str, component: str) -> None:
    lines = drafted(with_field("openai-costs", "line_item", text)).lines

    assert (model, component) in {(line.model, line.component) for line in lines}


def test_sums_beyond_what_a_ledger_holds_are_refused() -> None:
    def change(page: Any) -> None:
        for number in (0, 1):
            result_of(page, number)["amount"]["value"] = 9_000_000_000
            result_of(page, number)["line_item"] = "m, input"

    where, problem = refused(changed("openai-costs", change))

    assert (where, problem) == (
        "2026-11-01 m key_ours input",
        "adds up to more than a ledger can hold",
    )
