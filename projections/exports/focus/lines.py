"""Lines of FOCUS: what is told of each kind of row, as values by column.

    purchase    credit that was paid for: billed now, effective when it is used
    refund      a purchase of -1
    usage       a component of a call: billed by its promotional part, which a credit offsets
    credit      promotional credit as it is used: what was given is never billed
    correction  usage once more; `Correction` if the month of its charge was invoiced
    breakage    usage of nothing: paid credit that expired

Σ billed = what was paid for, less refunds.
Σ effective = what was used of paid credit and of the overdraft, and what expired.
"""

from typing import Any, Final

from domain.money import Nanos
from domain.pricing import FEE, WHOLE, RateCard, Ratio, round_half_even
from domain.usage import TOKEN_COMPONENTS
from projections.exports.focus.columns import SHARE_PLACES, UNIT_PLACES
from projections.exports.focus.funds import Funds, spread

PREPAID: Final = "prepaid-credit"
_ONE: Final = 10**UNIT_PLACES
_SHARE: Final = 10**SHARE_PLACES

Values = dict[str, Any]


def purchase(amount: Nanos, grant_id: str) -> Values:
    """Tell of credit that was paid for, or with a negative amount of a refund."""
    kind, title = ("purchase", "Prepaid credit") if amount > 0 else ("refund", "Refund of credit")
    return {
        "ChargeCategory": "Purchase",
        "ChargeDescription": title,
        "ChargeFrequency": "One-Time",
        "SkuId": PREPAID,
        "SkuPriceId": PREPAID,
        "x_RowType": kind,
        "x_GrantId": f"grt_{grant_id}",
        "BilledCost": amount,
        "EffectiveCost": 0,
        **_single(amount, "Purchases"),
    }


def breakage(amount: Nanos) -> Values:
    """Tell of paid credit that expired."""
    return {
        "ChargeCategory": "Usage",
        "ChargeDescription": "Credit that expired",
        "ChargeFrequency": "One-Time",
        "SkuId": "expired-credit",
        "SkuPriceId": PREPAID,
        "x_RowType": "breakage",
        **_cost(Funds(paid=amount)),
        **_single(amount, "Expiries"),
        **_consumed(1, "Expiries"),
    }


def usage(buckets: dict[str, int], card: RateCard, model: str, spent: Funds) -> list[Values]:
    """Tell of a call at its plain card, a line for each component used and one for its fee."""
    units = {**buckets, FEE: 1} if card.price(FEE) else buckets
    products = [quantity * card.price(component) for component, quantity in units.items()]
    parts = zip(units.items(), spread(spent, products), strict=True)
    return [_component(component, n, card, model, part) for (component, n), part in parts]


def credit(amount: Nanos, model: str) -> Values:
    """Tell of promotional credit as it is used; with a negative amount, as it is given back."""
    return {
        "ChargeCategory": "Credit",
        "ChargeDescription": "Promotional credit",
        "ChargeFrequency": "One-Time",
        "SkuId": model,
        "x_RowType": "credit",
        "BilledCost": -amount,
        "EffectiveCost": -amount,
        "ListCost": -amount * _ONE,
        "ContractedCost": -amount * _ONE * _SHARE,
        "PricingCurrencyEffectiveCost": -amount,
    }


def correction(spent: Funds, model: str, correction_id: str) -> Values:
    """Tell of a correction; what it gives back is below zero."""
    return {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"Correction of {model}",
        "ChargeFrequency": "One-Time",
        "SkuId": model,
        "x_RowType": "correction",
        "x_CorrectionId": f"cor_{correction_id}",
        **_cost(spent),
        **_single(spent.amount, "Corrections"),
        **_consumed(1, "Corrections"),
    }


def _component(component: str, quantity: int, card: RateCard, model: str, part: Funds) -> Values:
    price = card.price(component)
    unit = "Tokens" if component in TOKEN_COMPONENTS else "Requests"
    return {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{component} of {model}",
        "ChargeFrequency": "Usage-Based",
        "SkuId": f"{model}/{component}",
        "SkuMeter": component,
        "SkuPriceDetails": {"x_TokenClass": component},
        "x_RowType": "usage",
        **_cost(part),
        **_priced(quantity, price, f"{_ONE} {unit}", card.multiplier),
        **_consumed(quantity, unit),
    }


def _cost(part: Funds) -> Values:
    return {
        "BilledCost": part.promotional,
        "EffectiveCost": part.amount,
        "PricingCurrencyEffectiveCost": part.amount,
        "x_PaidCost": part.paid,
        "x_PromotionalCost": part.promotional,
        "x_OverdraftCost": part.overdraft,
        "x_AbsorbedCost": part.absorbed,
    }


def _single(amount: Nanos, unit: str) -> Values:
    """Price one thing; prices are never below zero, so a negative amount is minus one."""
    return _priced(_ONE if amount > 0 else -_ONE, abs(amount), unit)


def _priced(millionths: int, price: Nanos, unit: str, multiplier: Ratio = WHOLE) -> Values:
    """Price a quantity: its cost is the exact product, before the one rounding of a charge.

    What is contracted is a share of the list price, which is as it stood in the price book.
    """
    share, whole = multiplier
    contracted = round_half_even(price * share * _SHARE, whole)
    return {
        "PricingCategory": "Standard",
        "PricingQuantity": millionths,
        "PricingUnit": unit,
        "ListUnitPrice": price,
        "ContractedUnitPrice": contracted,
        "PricingCurrencyListUnitPrice": price,
        "PricingCurrencyContractedUnitPrice": contracted,
        "ListCost": millionths * price,
        "ContractedCost": millionths * contracted,
    }


def _consumed(quantity: int, unit: str) -> Values:
    return {"ConsumedQuantity": quantity, "ConsumedUnit": unit}
