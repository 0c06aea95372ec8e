"""The columns of FOCUS 1.0, those of 1.2 for virtual currency, and our own, which begin with `x_`.

Three are there twice: the foundation's validator of 1.0 asks for other names than its
specification. `ResourceID` is only there as the validator spells it, for to many readers the
specification's `ResourceId` is the same name.
"""

from typing import Final

from projections.exports.columns import NANO_PLACES, Column, Kind, text

UNIT_PLACES: Final = 6
"""Prices are per 1,000,000 units."""
PRODUCT_PLACES: Final = NANO_PLACES + UNIT_PLACES
"""Of a quantity times a price, exactly."""
SHARE_PLACES: Final = 18
"""More places of what of a list price is paid: 9 of a discount, and 9 of a service tier's."""


def _costs(*names: str) -> list[Column]:
    return [Column(name, Kind.NUMBER, NANO_PLACES) for name in names]


def _contracted(*names: str) -> list[Column]:
    return [Column(name, Kind.NUMBER, NANO_PLACES + SHARE_PLACES) for name in names]


def _products(*names: str) -> list[Column]:
    return [Column(name, Kind.NUMBER, PRODUCT_PLACES) for name in names]


def _times(*names: str) -> list[Column]:
    return [Column(name, Kind.TIME) for name in names]


_V1_0: Final = [
    *_costs("BilledCost", "EffectiveCost"),
    *_products("ListCost"),
    Column("ContractedCost", Kind.NUMBER, PRODUCT_PLACES + SHARE_PLACES),
    *_costs("ListUnitPrice"),
    *_contracted("ContractedUnitPrice"),
    *text("BillingAccountId", "BillingAccountName", "SubAccountId", "SubAccountName"),
    *text("BillingCurrency"),
    *_times("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *text("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency"),
    *text("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName"),
    *text("CommitmentDiscountType", "CommitmentDiscountStatus"),
    Column("ConsumedQuantity", Kind.NUMBER),
    *text("ConsumedUnit", "PricingCategory"),
    Column("PricingQuantity", Kind.NUMBER, UNIT_PLACES),
    *text("PricingUnit", "Provider", "ProviderName", "Publisher", "PublisherName"),
    *text("InvoiceIssuer", "InvoiceIssuerName", "RegionId", "RegionName"),
    *text("ResourceID", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName"),
    *text("SkuId", "SkuPriceId"),
    Column("Tags", Kind.OBJECT),
]
_V1_2: Final = [
    *text("InvoiceId", "BillingAccountType", "SubAccountType", "ServiceSubcategory", "SkuMeter"),
    Column("SkuPriceDetails", Kind.OBJECT),
    *text("PricingCurrency"),
    *_costs("PricingCurrencyListUnitPrice"),
    *_contracted("PricingCurrencyContractedUnitPrice"),
    *_costs("PricingCurrencyEffectiveCost"),
]
_OURS: Final = [
    *text("x_RowType", "x_BillingPeriod", "x_CustomerId", "x_RequestId", "x_Model"),
    *text("x_PriceVersion", "x_CostCentre", "x_Basis", "x_GrantId", "x_CorrectionId"),
    *_costs("x_PaidCost", "x_PromotionalCost", "x_OverdraftCost", "x_AbsorbedCost"),
    Column("x_Position", Kind.WHOLE),
    Column("x_Line", Kind.WHOLE),
]

COLUMNS: Final[list[Column]] = [*_V1_0, *_V1_2, *_OURS]
NAMES: Final = tuple(column.name for column in COLUMNS)
