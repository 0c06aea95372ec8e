"""Anthropic's costs: GET /v1/organizations/cost_report, grouped by description, in cents."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from adapters.supplier_reports import found as checks
from adapters.supplier_reports.buckets import Bucket, credential_reader
from adapters.supplier_reports.found import Fields, Found, code_of
from domain.supplier_report import ITEM, InvalidReportError

CURRENCY: Final = "USD"
CENTS: Final = Decimal(100)
_STANDARD: Final = "standard"


def read_costs(buckets: Sequence[Bucket]) -> Iterator[Found]:
    """Read every result, or raise InvalidReportError; amounts are decimal strings of cents."""
    credential_of = credential_reader(buckets, "api_key_id", "workspace_id")
    for bucket in buckets:
        for result in bucket.results:
            model, component = _named(result)
            yield Found(
                result.where,
                bucket.day,
                model,
                credential_of(result),
                component,
                amount=_amount(result),
                currency=CURRENCY,
            )


def _amount(result: Fields) -> Decimal:
    currency = checks.currency(result.at("currency"), result.get("currency"))
    if currency != CURRENCY:
        problem = f"is {currency}; only of {CURRENCY} it is known how many make one unit"
        raise InvalidReportError(result.at("currency"), problem)
    if not isinstance(result.get("amount"), str):
        raise InvalidReportError(result.at("amount"), "must be a decimal string of cents")
    return checks.amount(result.at("amount"), result.get("amount")) / CENTS


def _named(result: Fields) -> tuple[str, str]:
    """Give the model and what of it is billed; a fee is named by its kind."""
    kind = result.text("cost_type")
    if kind is None:
        raise InvalidReportError(
            result.at("cost_type"), "is null: export it grouped by description"
        )
    if result.get("model") is None:
        return ITEM + code_of(kind), ""
    tier = result.text("service_tier") or _STANDARD
    part = result.text("token_type") or kind
    return result.name("model"), code_of(part if tier == _STANDARD else f"{tier} {part}")
