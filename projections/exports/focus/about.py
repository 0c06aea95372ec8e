"""What every row of FOCUS says alike: who bills, whose it is, and which call it is of."""

from typing import Any, Final, NamedTuple

from domain import ids
from projections.answered import model_of
from projections.events import Fields
from projections.exports.focus.columns import NAMES
from projections.exports.wallets import Wallet

CREDIT: Final = "Credit"
"""The virtual currency: one is one unit of the billing currency."""
COST_CENTRE: Final = ("cost_center", "cost_centre")
"""The tags that name one, the first that is there."""

_ISSUER: Final = (
    "Provider",
    "ProviderName",
    "Publisher",
    "PublisherName",
    "InvoiceIssuer",
    "InvoiceIssuerName",
)
_ALWAYS: Final = {
    "BillingAccountType": "Wallet",
    "PricingCurrency": CREDIT,
    "ServiceCategory": "AI and Machine Learning",
    "ServiceSubcategory": "Generative AI",
    "ServiceName": "Inference",
    "Tags": dict[str, str](),
}

Values = dict[str, Any]


class Call(NamedTuple):
    """How a call was held for, and what it was charged for if it was."""

    reserved: Fields
    charged: Fields

    @property
    def model(self) -> str:
        """The model that answered."""
        return model_of(self.reserved, self.charged)


def common(issuer: str) -> Values:
    """Give every column a value, most of them none."""
    return {**dict.fromkeys(NAMES), **dict.fromkeys(_ISSUER, issuer), **_ALWAYS}


def whose(owner: Wallet) -> Values:
    """Name the wallet and its customer; no names of people, which are not in the log."""
    customer_id = f"{ids.CUSTOMER}_{owner.customer_id}"
    return {
        "BillingAccountId": f"{ids.WALLET}_{owner.wallet_id}",
        "BillingAccountName": customer_id,
        "BillingCurrency": owner.currency,
        "x_CustomerId": customer_id,
    }


def of_call(request_id: str, made: Call) -> Values:
    """Name the call, its key, its prices and its cost centre."""
    held, tags = made.reserved, made.reserved["tags"]
    return {
        "SubAccountId": f"{ids.KEY}_{held['key_id']}",
        "SubAccountType": "API key",
        "SkuPriceId": held["price_version"],
        "Tags": tags,
        "x_RequestId": f"{ids.REQUEST}_{request_id}",
        "x_Model": made.model,
        "x_PriceVersion": held["price_version"],
        "x_CostCentre": next((tags[name] for name in COST_CENTRE if name in tags), None),
        "x_Basis": made.charged.get("basis"),
    }
