"""How much more than its count a model's prompt is held for, as the catalogue file says it."""

import pytest

from api.catalog.file import ConfigError, parse_catalog
from domain.margin import OTHERS_PERCENT, Margin

PROVIDERS = """
[[providers]]
name = "openai"
protocol = "openai"
base_url = "https://api.openai.com/v1"
[[providers]]
name = "imitator"
protocol = "openai"
base_url = "https://llm.example/v1"
"""
MODEL = """
[[models]]
id = "m"
context_tokens = 1000
max_output_tokens = 100
"""


def margin(line: str, *providers: str) -> Margin:
    routes = (f'[[models.routes]]\nprovider = "{name}"\nmodel = "m"\n' for name in providers)
    text = PROVIDERS + MODEL + line + "\n" + "".join(routes)
    return parse_catalog(text, {}, file="tollbook.toml").catalog.models["m"].margin


def test_only_openais_own_models_are_counted_exactly() -> None:
    assert margin("", "openai") == Margin(percent=100, honours_detail=True)
    assert margin("", "imitator") == Margin(percent=OTHERS_PERCENT)
    assert margin("", "openai", "imitator") == Margin(percent=OTHERS_PERCENT)


@pytest.mark.parametrize(
    ("written", "percent"), [("1.35", 135), ("1", 100), ("0.10", 10), ("10.00", 1000)]
)
def test_an_operator_sets_the_margin_as_a_factor(written: str, percent: int) -> None:
    assert margin(f'estimate_margin = "{written}"', "imitator").percent == percent
    assert margin(f'estimate_margin = "{written}"', "openai").percent == percent


def test_an_operator_says_what_every_image_costs() -> None:
    assert margin("image_tokens = 1120", "imitator").image_tokens == 1120


@pytest.mark.parametrize("written", ['"0.09"', '"10.01"', '"1.355"', '"-1"', '"x"', '"NaN"', "1.3"])
def test_any_other_margin_is_refused_by_its_name(written: str) -> None:
    with pytest.raises(ConfigError, match=r"models\[0\].estimate_margin: "):
        margin(f"estimate_margin = {written}", "openai")
