"""Reports to read: the samples, and changed copies of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.supplier_reports.read import read_report
from domain.supplier_report import Draft, InvalidReportError

SAMPLES = Path(__file__).with_name("samples")
BY_FORMAT = {
    "openai-usage": "openai_usage.json",
    "openai-costs": "openai_costs.json",
    "anthropic-usage": "anthropic_usage.json",
    "anthropic-cost": "anthropic_cost.json",
    "csv": "invoice.csv",
}
JSON_FORMATS = [name for name in BY_FORMAT if name != "csv"]


def sample(format_name: str) -> bytes:
    return (SAMPLES / BY_FORMAT[format_name]).read_bytes()


def parsed(format_name: str) -> Any:
    return json.loads(sample(format_name))


def changed(format_name: str, change: Callable[[Any], None]) -> bytes:
    """A sample with something done to its page."""
    page = parsed(format_name)
    change(page)
    return json.dumps(page).encode()


def result_of(page: Any, number: int = 0) -> Any:
    """A result of a page's first bucket."""
    return page["data"][0]["results"][number]


def drafted(raw: bytes, format_name: str | None = None) -> Draft:
    return read_report(raw, "p", format_name)


def refused(raw: bytes, format_name: str | None = None) -> tuple[str, str]:
    """Where a file was refused, and why."""
    with pytest.raises(InvalidReportError) as caught:
        read_report(raw, "p", format_name)
    assert caught.value.param is not None
    return caught.value.param, caught.value.problem
