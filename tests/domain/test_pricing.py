import pytest

from domain.pricing import RateCard, rate, round_half_even, round_up
from domain.usage import Usage, exclusive

MILLION = 1_000_000


def test_a_charge_is_the_exact_sum_of_quantities_times_prices() -> None:
    card = RateCard({"input": 3 * MILLION, "cached_input": MILLION, "output": 7 * MILLION})

    charge = rate(exclusive(input=10, cached_input=100, output=1), card)

    assert charge == 10 * 3 + 100 + 7


def test_the_fee_of_a_call_is_in_whole_nanos_per_million_calls() -> None:
    assert rate(Usage({}), RateCard({"request": 5 * MILLION})) == 5


@pytest.mark.parametrize(
    ("tokens", "charge"),
    [(0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (6, 3), (7, 4)],
)
def test_a_charge_rounds_half_to_even(tokens: int, charge: int) -> None:
    half_a_nano = RateCard({"input": MILLION // 2})

    assert rate(exclusive(input=tokens), half_a_nano) == charge


def test_a_charge_is_rounded_once_whatever_its_components() -> None:
    four_tenths = RateCard({"input": 400_000, "cached_input": 400_000, "output": 400_000})

    assert rate(exclusive(input=1, cached_input=1, output=1), four_tenths) == 1


@pytest.mark.parametrize(
    ("numerator", "quotient"),
    [(-3, -2), (-1, 0), (0, 0), (1, 0), (2, 1), (3, 2), (5, 2)],
)
def test_halves_go_to_the_even_neighbour(numerator: int, quotient: int) -> None:
    assert round_half_even(numerator, 2) == quotient


@pytest.mark.parametrize(("numerator", "quotient"), [(-1, 0), (0, 0), (1, 1), (9, 1), (10, 1)])
def test_rounding_up_never_loses_a_part(numerator: int, quotient: int) -> None:
    assert round_up(numerator, 10) == quotient


@pytest.mark.parametrize(
    ("component", "price"),
    [
        ("input", 100),
        ("cached_input", 10),
        ("cache_write", 125),
        ("cache_write_5m", 125),
        ("cache_write_1h", 200),
        ("audio_input", 100),
        ("image_input", 100),
        ("output", 400),
        ("reasoning", 400),
        ("audio_output", 900),
        ("image_output", 400),
        ("request", 0),
    ],
)
def test_a_component_without_a_price_takes_its_parents(component: str, price: int) -> None:
    card = RateCard(
        {
            "input": 100,
            "cached_input": 10,
            "cache_write": 125,
            "cache_write_1h": 200,
            "output": 400,
            "audio_output": 900,
        }
    )

    assert card.price(component) == price
    assert card.dearest_input == 200
    assert card.dearest_output == 900


def test_a_cache_write_of_no_known_lifetime_costs_what_it_did_in_every_log() -> None:
    """Vendors whose default is five minutes are read so; a card must not be read anew."""
    card = RateCard({"input": 100, "cache_write_5m": 125, "cache_write_1h": 200})

    assert [card.price(name) for name in ("cache_write", "cache_write_1h")] == [100, 200]


def test_a_card_without_prices_is_free() -> None:
    assert rate(exclusive(input=9, reasoning=9), RateCard({})) == 0
