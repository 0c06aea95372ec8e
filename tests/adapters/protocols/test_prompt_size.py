"""One estimator for every protocol: the count, what is held for it, and what is not believed."""

import asyncio
import threading
from typing import Any

import pytest

from adapters.protocols.media import ELSEWHERE_MAX, IMAGE_CEILING, Audio, Document, Image
from adapters.protocols.prompt_size import (
    HIDDEN_TOKENS,
    LARGE_BYTES,
    PER_MESSAGE,
    PER_TOOL,
    SURE_PERCENT,
    WITH_TOOLS,
    PromptParts,
    PromptSize,
    measure,
    measure_off_loop,
    strings_in,
)
from adapters.token_count import RUN_MAX, count_tokens
from domain.errors import ContextLengthError
from domain.margin import Margin
from domain.metering import Estimate

EXACT = Margin(percent=100)
TEXT = "The quick brown fox jumps over the lazy dog. " * 50


def parts(**fields: Any) -> PromptParts:
    return PromptParts(**{"texts": [TEXT], "messages": 1, **fields})


def estimate(margin: Margin = EXACT, context: int = 10**6, **fields: Any) -> Estimate:
    return measure(parts(**fields)).estimate(context, margin)


def test_where_the_vocabulary_is_the_models_own_the_hold_is_the_count() -> None:
    assert estimate().hold == estimate().count == count_tokens(TEXT) + PER_MESSAGE


def test_other_tokenizers_get_a_third_more_of_the_text_and_no_more_of_the_framing() -> None:
    tokens = count_tokens(TEXT)

    assert estimate(Margin()).hold == -(-tokens * 135 // 100) + PER_MESSAGE
    assert estimate(Margin()).count == tokens + PER_MESSAGE


def test_a_margin_is_the_operators_to_set() -> None:
    assert estimate(Margin(percent=200)).hold == 2 * count_tokens(TEXT) + PER_MESSAGE
    assert estimate(Margin(percent=50)).hold < estimate().count


def test_no_margin_holds_more_tokens_than_bytes() -> None:
    assert estimate(Margin(percent=900)).hold == len(TEXT) + PER_MESSAGE


def test_framing_is_counted_per_message_and_tool_and_once_for_tools() -> None:
    assert estimate(messages=3).count == estimate().count + 2 * PER_MESSAGE
    assert estimate(tools=2).count == estimate().count + WITH_TOOLS + 2 * PER_TOOL


def test_media_come_on_top() -> None:
    assert estimate(media=[Document()]).hold == estimate().hold + ELSEWHERE_MAX


def test_nothing_is_held_beyond_the_models_context() -> None:
    found = estimate(context=100, media=[Image()])

    assert (found.count, found.hold) == (100, 100)


def test_a_context_larger_than_the_catalogue_says_makes_no_answer_free() -> None:
    assert estimate(context=100, size=5_000).ceiling == estimate(size=5_000).ceiling > 5_000
    assert estimate(context=100, size=5_000, media=[Document()]).ceiling > ELSEWHERE_MAX


def test_a_prompt_that_is_surely_beyond_the_context_is_refused() -> None:
    tokens = count_tokens(TEXT)
    sure = tokens * SURE_PERCENT // 100

    measure(parts()).check_fits(sure)
    with pytest.raises(ContextLengthError) as refused:
        measure(parts()).check_fits(sure - 1)
    assert refused.value.code == "context_length_exceeded"
    with pytest.raises(ContextLengthError):
        measure(parts(texts=[""], tokens=101)).check_fits(100)


def test_a_prompt_of_which_the_provider_may_leave_out_some_is_left_to_it() -> None:
    measure(parts(shrinks=True)).check_fits(1)


def test_each_of_several_prompts_has_the_context_to_itself() -> None:
    measure(parts(texts=["", ""], tokens=200, prompts=2)).check_fits(100)


def test_a_report_is_believed_up_to_the_bytes_received_and_what_a_provider_hides() -> None:
    assert estimate(size=5_000).ceiling == 5_000 + PER_MESSAGE + HIDDEN_TOKENS


def test_an_image_may_turn_out_dearer_than_it_was_held_at() -> None:
    found = estimate(size=5_000, media=[Image(), Image()])

    assert found.ceiling == 5_000 + PER_MESSAGE + HIDDEN_TOKENS + 2 * IMAGE_CEILING


@pytest.mark.parametrize("item", [Document(100, 1), Document(), Audio()])
def test_of_files_and_what_is_elsewhere_anything_is_believed(item: Document | Audio) -> None:
    assert estimate(media=[item]).ceiling == 10**6
    assert estimate(media=[Audio(1_000)], size=5_000).ceiling < 10**5


def test_a_prompt_is_counted_once_for_as_many_models_as_there_are() -> None:
    size = measure(parts())

    assert size.estimate(10**6, Margin()).hold > size.estimate(10**6, EXACT).hold
    assert size.estimate(50, EXACT).hold == 50


@pytest.mark.parametrize(("size", "threads"), [(LARGE_BYTES, 0), (LARGE_BYTES + 1, 1)])
def test_only_a_large_prompt_leaves_the_event_loop(size: int, threads: int) -> None:
    ran_in: list[int] = []

    def take_apart() -> PromptParts:
        ran_in.append(threading.get_ident())
        return parts()

    found = asyncio.run(measure_off_loop(size, take_apart))

    assert isinstance(found, PromptSize)
    assert sum(thread != threading.get_ident() for thread in ran_in) == threads


def test_every_text_in_a_json_value_is_found_with_its_name() -> None:
    value = {"a": ["b", {"c": None, "d": 1}], "e": True}

    assert list(strings_in(value)) == ["a", "b", "c", "d", "e"]


def test_a_very_long_run_is_counted_in_pieces() -> None:
    assert count_tokens("a" * (RUN_MAX * 2)) > RUN_MAX // 8
