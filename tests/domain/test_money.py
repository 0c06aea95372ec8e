import pytest

from domain.money import NANOS_MAX, format_amount, parse_amount, parse_currency


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0", 0),
        ("-0", 0),
        ("1", 1_000_000_000),
        ("0.000000001", 1),
        ("-1.5", -1_500_000_000),
        ("10.00", 10_000_000_000),
        ("9223372036.854775807", NANOS_MAX),
        ("-9223372036.854775807", -NANOS_MAX),
    ],
)
def test_a_decimal_string_is_read_exactly(text: str, nanos: int) -> None:
    assert parse_amount(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.",
        ".5",
        "01",
        "+1",
        "1e3",
        "1,000",
        " 1",
        "1 ",
        "1\n",
        "0.0000000001",
        "NaN",
        "\u0661",
        "--1",
    ],
)
def test_what_is_not_a_plain_decimal_is_refused_and_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a decimal amount with at most 9 places"):
        parse_amount(text)


@pytest.mark.parametrize("text", ["9223372036.854775808", "-9223372036.854775808", "9" * 12])
def test_an_amount_beyond_the_largest_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is beyond the largest amount"):
        parse_amount(text)


def test_a_refusal_repeats_no_more_than_40_characters() -> None:
    with pytest.raises(ValueError, match=f"^'{'x' * 40}' is not") as refused:
        parse_amount("x" * 1000)

    assert "x" * 41 not in str(refused.value)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0.00"),
        (1, "0.000000001"),
        (10_000_000_000, "10.00"),
        (1_500_000_000, "1.50"),
        (1_230_000_000, "1.23"),
        (1_234_000_000, "1.234"),
        (-1, "-0.000000001"),
        (NANOS_MAX, "9223372036.854775807"),
    ],
)
def test_an_amount_is_written_with_two_places_and_no_more_than_it_needs(
    nanos: int, text: str
) -> None:
    assert format_amount(nanos) == text


def test_a_currency_is_three_capitals() -> None:
    assert parse_currency("USD") == "USD"


@pytest.mark.parametrize("text", ["usd", "US", "USDT", "U$D", "", "USD\n"])
def test_anything_else_is_no_currency(text: str) -> None:
    with pytest.raises(ValueError, match="is not a three-letter currency code"):
        parse_currency(text)
