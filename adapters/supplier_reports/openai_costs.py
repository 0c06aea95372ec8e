"""OpenAI's organization costs: GET /v1/organization/costs, grouped by line item.

A line item names the model and the kind of token in one text: "gpt-4o-mini-2024-07-18, cached
input", or with a tier "priority | gpt-5, output, long context"; what is no model's is a fee.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.supplier_reports import found as checks
from adapters.supplier_reports.buckets import Bucket, credential_reader
from adapters.supplier_reports.found import Fields, Found, code_of
from domain.supplier_report import ITEM, InvalidReportError

OBJECT: Final = "organization.costs.result"
LINE_MAX: Final = 300

_LINE: Final = re.compile(
    r"(?:(?P<tier>[A-Za-z ]+) \| )?(?P<model>[!-+\-.-~]+)"
    r"(?P<kind> (?:text|audio|image|video))?, (?P<part>.+)",
    re.ASCII,
)


def read_costs(buckets: Sequence[Bucket]) -> Iterator[Found]:
    """Read every result, or raise InvalidReportError; it must be grouped by line item."""
    credential_of = credential_reader(buckets, "api_key_id", "project_id")
    for bucket in buckets:
        for result in bucket.results:
            if result.text("object") != OBJECT:
                raise InvalidReportError(result.at("object"), f"is not {OBJECT!r}")
            model, component = line_item_of(result)
            money = result.inner("amount")
            if money is None:
                raise InvalidReportError(result.at("amount"), "is missing")
            yield Found(
                result.where,
                bucket.day,
                model,
                credential_of(result),
                component,
                amount=checks.amount(money.at("value"), money.get("value")),
                currency=checks.currency(money.at("currency"), money.get("currency")),
            )


def line_item_of(result: Fields) -> tuple[str, str]:
    """Give a line item's model and component; the model of a fee is made of its name."""
    text = result.text("line_item")
    where = result.at("line_item")
    if text is None:
        raise InvalidReportError(where, "is null: export it grouped by line_item")
    if not code_of(text) or len(text) > LINE_MAX:
        raise InvalidReportError(where, "is not the name of a position")
    if match := _LINE.fullmatch(text):
        parts = (match["tier"], match["kind"], match["part"])
        return match["model"], code_of(" ".join(part for part in parts if part))
    if " " not in text:
        return checks.identifier(where, text), ""
    return ITEM + code_of(text), ""
