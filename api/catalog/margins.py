"""How a catalogue file says how its models count a prompt."""

from typing import Annotated, Final

from pydantic import BeforeValidator

from domain.margin import Margin
from domain.money import NANOS_PER_UNIT, parse_amount

PERCENT_MIN, PERCENT_MAX = 10, 1000
EXACT_PERCENT: Final = 100
"""For models whose vocabulary is the one that we count with."""


def _percent(value: object) -> int:
    """Read a factor such as "1.35" as whole percent."""
    percent, rest = 0, 0
    if isinstance(value, str):
        percent, rest = divmod(parse_amount(value), NANOS_PER_UNIT // 100)
    if rest or not PERCENT_MIN <= percent <= PERCENT_MAX:
        message = 'must be a factor in quotes from "0.10" to "10", with two decimals at most'
        raise ValueError(message)
    return percent


MarginPercent = Annotated[int, BeforeValidator(_percent)]


def margin_of(percent: int | None, image_tokens: int | None, *, official: bool) -> Margin:
    """Choose a model's margin: what the operator says, else by whether OpenAI itself serves it."""
    if percent is None:
        percent = EXACT_PERCENT if official else Margin().percent
    return Margin(percent, image_tokens, honours_detail=official)
