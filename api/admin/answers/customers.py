"""Answers about customers, their wallets and their keys."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Items, Money, Month, Page, Time


class NewCustomerAnswer(Answer):
    """A customer that was registered."""

    customer_id: str
    name: str
    currency: str


class CustomerRowAnswer(Answer):
    """A customer of the list; without a name where it was erased."""

    customer_id: str
    name: str | None
    currency: str
    created_at: Time | None


class CustomersAnswer(Page[CustomerRowAnswer]):
    """Customers, the newest first."""


class WalletBalanceAnswer(Answer):
    """A wallet's figures; posted is available and reserved together."""

    available: Money
    reserved: Money
    posted: Money
    debt: Money
    currency: str


class GrantLeftAnswer(Answer):
    """What is left of a grant."""

    grant_id: str
    category: Literal["paid", "promotional"]
    priority: int
    expires_at: Time | None
    available: Money
    reserved: Money


class CustomerAnswer(Answer):
    """A customer and its wallet."""

    customer_id: str
    name: str | None
    currency: str
    balance: WalletBalanceAnswer
    frozen: bool
    price_list: str | None
    overdraft_limit: Money
    excess_policy: Literal["absorbed", "debt"]
    time_zone: str
    closed_through: Month | None
    grants: list[GrantLeftAnswer]


class FrozenAnswer(Answer):
    """Whether new holds may be opened."""

    customer_id: str
    frozen: bool


class TermsChangedAnswer(Answer):
    """How far the wallet may go below zero, and who bears what its funds do not cover."""

    customer_id: str
    overdraft_limit: Money
    excess_policy: Literal["absorbed", "debt"]


class ZoneAnswer(Answer):
    """By which zone the months are cut, and from when on."""

    customer_id: str
    zone: str
    from_month: Month


class PriceListAnswer(Answer):
    """By which list the customer's calls are priced; none: the public prices."""

    customer_id: str
    price_list: str | None


class HoldAnswer(Answer):
    """An open hold."""

    request_id: str
    api_key_id: str
    amount: Money
    period: Month
    expires_at: Time
    run_out: bool


class HoldsAnswer(Items[HoldAnswer]):
    """Open holds, the first to run out first."""


class GrantAnswer(Answer):
    """Credit that was added."""

    grant_id: str
    customer_id: str
    amount: Money
    category: Literal["paid", "promotional"]
    expires_at: Time | None
    priority: int
    reference: str | None
    currency: str


class VoidedAnswer(Answer):
    """Credit that was taken back."""

    grant_id: str
    customer_id: str
    voided: Money
    currency: str


class LimitsAnswer(Answer):
    """What is limited; null is not."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_calls: int | None


class CustomerLimitsAnswer(LimitsAnswer):
    """What limits all of a customer's keys together."""

    customer_id: str


class KeyLimitsAnswer(LimitsAnswer):
    """What limits a key."""

    api_key_id: str


class QuotaAnswer(Answer):
    """How much a key may spend in a window."""

    amount: Money
    window: Literal["none", "day", "month"]


class NewKeyAnswer(Answer):
    """A key, and its secret: in this answer and nowhere else."""

    api_key: Annotated[str, Field(description="The secret.")]
    api_key_id: str
    customer_id: str
    display: str
    name: str
    allowed_model_ids: list[str]
    allowed_providers: list[str]
    quota: QuotaAnswer | None
    permissions: list[Literal["inference", "manage"]]
    tags: dict[str, str]
    expires_at: Time | None
    limits: LimitsAnswer


class KeyTermsAnswer(Answer):
    """A key's terms, all of them."""

    api_key_id: str
    allowed_model_ids: list[str]
    allowed_providers: list[str]
    quota: QuotaAnswer | None
    permissions: list[Literal["inference", "manage"]]
    tags: dict[str, str]
    expires_at: Time | None
    limits: LimitsAnswer


class NewSecretAnswer(Answer):
    """A key's new secret: in this answer and nowhere else."""

    api_key_id: str
    api_key: Annotated[str, Field(description="The secret.")]
    display: str
    previous_secret_ends_at: Time


class KeyDisabledAnswer(Answer):
    """A key that is disabled for good."""

    api_key_id: str
    disabled: Literal[True]
