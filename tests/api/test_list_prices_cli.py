"""Vendors' list prices on the command line: what is printed is a catalogue's, to the nano."""

import sys
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from adapters.list_prices import find_listed
from api.catalog.file import parse_catalog
from api.cli.main import app

PROVIDERS = """
[[providers]]
name = "{0}"
protocol = "sandbox"
"""


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-4.1",
        "openai/gpt-5.6-sol",
        "google/gemini-2.5-pro",
        "anthropic/claude-sonnet-4-6",
    ],
)
def test_what_is_printed_is_read_as_the_same_card(name: str) -> None:
    printed = CliRunner().invoke(app, ["list-prices", name])

    assert printed.exit_code == 0
    vendor, _, model = name.partition("/")
    text = (PROVIDERS.format(vendor) + printed.output).replace(
        "# max_output_tokens = …", "max_output_tokens = 100"
    )
    catalog = parse_catalog(
        text.replace("# context_tokens = …", "context_tokens = 9999"), {}, file="t"
    )
    assert catalog.catalog.models[model].card == find_listed(name, datetime.now(UTC)).card


def test_several_models_make_several_tables() -> None:
    printed = CliRunner().invoke(app, ["list-prices", "openai/gpt-4.1", "google/gemini-2.5-pro"])

    assert printed.output.count("[[models]]") == 2


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("openai/gpt", "no list price of 'openai/gpt' is known"),
        ("gpt-4.1", "no list price"),
        ("openai/whisper-1", "priced by audio_hours, which is not metered"),
    ],
)
def test_what_is_not_known_by_that_very_name_is_told(name: str, problem: str) -> None:
    told = CliRunner().invoke(app, ["list-prices", name])

    assert told.exit_code == 2
    assert problem in told.stderr.replace("\n", " ")


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "adapters.list_prices")
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)

    told = CliRunner().invoke(app, ["list-prices", "openai/gpt-4.1"])

    assert told.exit_code == 2
    assert "--extra list-prices" in told.stderr
