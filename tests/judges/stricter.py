"""FOCUS, judged by what its specification says and the foundation's validator does not look at."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

Row = dict[str, str | None]
"""A row as CSV has it; an empty cell is None."""

CATEGORIES: Final = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
FREQUENCIES: Final = {"One-Time", "Recurring", "Usage-Based"}
FOCUS: Final = frozenset(
    """
    BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency
    BillingPeriodEnd BillingPeriodStart ChargeCategory ChargeClass ChargeDescription
    ChargeFrequency ChargePeriodEnd ChargePeriodStart CommitmentDiscountCategory
    CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus CommitmentDiscountType
    ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost InvoiceId
    InvoiceIssuer InvoiceIssuerName ListCost ListUnitPrice PricingCategory PricingCurrency
    PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice
    PricingQuantity PricingUnit Provider ProviderName Publisher PublisherName RegionId RegionName
    ResourceID ResourceName ResourceType ServiceCategory ServiceName ServiceSubcategory SkuId
    SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags
    """.split()  # noqa: SIM905  # sixty names are read more easily so
)
"""The names of the specifications 1.0 to 1.2, and those of the validator."""


def complaints(rows: Iterable[Row]) -> list[str]:
    """Name every row that cannot be, and why."""
    seen: set[tuple[str | None, str | None]] = set()
    invoices: dict[tuple[str | None, str | None], str | None] = {}
    currencies: dict[str | None, str | None] = {}
    found: list[str] = []
    for row in rows:
        key = (row["x_Position"], row["x_Line"])
        wrong = [name for name, holds in RULES.items() if not holds(row)]
        account = row["BillingAccountId"]
        month = (account, row["BillingPeriodStart"])
        if key in seen:
            wrong.append("it is there twice")
        if invoices.setdefault(month, row["InvoiceId"]) != row["InvoiceId"]:
            wrong.append("its month has another invoice")
        if currencies.setdefault(account, row["BillingCurrency"]) != row["BillingCurrency"]:
            wrong.append("its account has another currency")
        seen.add(key)
        found += [f"row {key}: {reason}" for reason in wrong]
    return found


def billed_by_invoice(rows: Iterable[Row]) -> dict[str, Decimal]:
    """Sum what is billed on each invoice."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row["InvoiceId"] is not None:
            sums[row["InvoiceId"]] = sums.get(row["InvoiceId"], Decimal()) + cost(row, "BilledCost")
    return sums


def cost(row: Row, name: str) -> Decimal:
    return Decimal(row[name] or "0")


def _times(row: Row, *names: str) -> Iterator[datetime]:
    return (datetime.fromisoformat(row[name] or "") for name in names)


def _periods_in_order(row: Row) -> bool:
    names = ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd")
    billing, start, end, billed = _times(row, *names)
    return billing <= start < end <= billed


def _product(total: str, price: str) -> Callable[[Row], bool]:
    def holds(row: Row) -> bool:
        if row["PricingQuantity"] is None:
            return row[price] is None
        return cost(row, total) == cost(row, "PricingQuantity") * cost(row, price)

    return holds


def _effective(row: Row) -> bool:
    billed, effective = cost(row, "BilledCost"), cost(row, "EffectiveCost")
    if row["ChargeCategory"] == "Purchase":
        return not effective
    if row["ChargeCategory"] == "Credit":
        return billed == effective
    promotional = cost(row, "x_PromotionalCost")
    others = cost(row, "x_PaidCost") + cost(row, "x_OverdraftCost")
    return billed == promotional and effective == promotional + others


def _within_its_price(row: Row) -> bool:
    """A line costs what its product rounds to, less what the operator bore; shares are whole."""
    if row["x_RowType"] != "usage" or row["x_Basis"] != "reported":
        return True
    told = cost(row, "EffectiveCost") + cost(row, "x_AbsorbedCost")
    return abs(told - cost(row, "ContractedCost")) <= Decimal("0.000000002")


def _quantities(row: Row) -> bool:
    used = row["ChargeCategory"] == "Usage"
    priced = used or row["ChargeCategory"] == "Purchase"
    wanted = {"PricingQuantity": priced, "SkuId": True, "ConsumedQuantity": used}
    return all((row[name] is not None) == there for name, there in wanted.items())


def _is_object(row: Row) -> bool:
    return isinstance(json.loads(row["Tags"] or "null"), dict)


RULES: Final[dict[str, Callable[[Row], bool]]] = {
    "no such charge category": lambda row: row["ChargeCategory"] in CATEGORIES,
    "no such charge class": lambda row: row["ChargeClass"] in {None, "Correction"},
    "no such frequency": lambda row: row["ChargeFrequency"] in FREQUENCIES,
    "its periods are out of order": _periods_in_order,
    "list cost is not quantity × price": _product("ListCost", "ListUnitPrice"),
    "contracted cost is not quantity × price": _product("ContractedCost", "ContractedUnitPrice"),
    "a price below zero": lambda row: cost(row, "ListUnitPrice") >= 0,
    "effective or billed cost does not fit its category": _effective,
    "it costs another amount than its price says": _within_its_price,
    "a quantity is missing, or there without use": _quantities,
    "its tags are no object": _is_object,
    "one credit is not one unit": lambda row: (
        row["ChargeCategory"] == "Purchase"
        or row["PricingCurrencyEffectiveCost"] == row["EffectiveCost"]
    ),
    "an unknown column without x_": lambda row: all(
        name in FOCUS or name.startswith("x_") for name in row
    ),
}
