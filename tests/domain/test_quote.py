from domain.pricing import RateCard
from domain.quote import Quote

MILLION = 1_000_000
CARD = RateCard(
    {
        "input": MILLION,
        "cache_write": 2 * MILLION,
        "output": 3 * MILLION,
        "reasoning": 4 * MILLION,
        "request": 5 * MILLION,
    }
)


def test_a_hold_is_the_dearest_the_call_can_cost() -> None:
    quote = Quote(input_tokens=10, output_cap=100, clamps=False, choices=3)

    assert quote.hold(CARD, 100) == 10 * 2 + 5 + 100 * 4 * 3


def test_a_hold_is_rounded_up() -> None:
    quote = Quote(input_tokens=1, output_cap=0, clamps=False)

    assert quote.hold(RateCard({"input": 1}), 0) == 1


def test_the_affordable_cap_is_the_largest_that_fits() -> None:
    quote = Quote(input_tokens=10, output_cap=100, clamps=True, choices=2)

    caps = [quote.affordable_cap(CARD, funds) for funds in (24, 25, 32, 33, 40, 41, 824, 825, 9999)]

    assert caps == [-1, 0, 0, 1, 1, 2, 99, 100, 100]


def test_when_output_is_free_the_funds_cover_the_prompt_or_nothing() -> None:
    quote = Quote(input_tokens=10, output_cap=100, clamps=True)
    card = RateCard({"input": MILLION})

    assert quote.affordable_cap(card, 10) == 100
    assert quote.affordable_cap(card, 9) == -1


def test_negative_funds_cover_nothing_at_all() -> None:
    assert Quote(0, 100, clamps=True).affordable_cap(RateCard({}), -1) == -1
