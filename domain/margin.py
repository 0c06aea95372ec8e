"""How much more than its count a prompt is held for: a matter of each model's tokenizer."""

from dataclasses import dataclass

OTHERS_PERCENT = 135
"""Newer tokenizers make up to about a third more tokens of the same text (wire-facts §5)."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How one model counts a prompt, as far as an estimate can follow it."""

    percent: int = OTHERS_PERCENT
    """Of our count of the text; 100 where our vocabulary is the model's own."""
    image_tokens: int | None = None
    """What every image comes to; None where that depends on its size."""
    honours_detail: bool = False
    """Whether `detail` lowers what an image costs: only OpenAI's own models know the field."""
