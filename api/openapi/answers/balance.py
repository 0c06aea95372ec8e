"""Answers about the wallet."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Money, Page, Time

CustomerId = Annotated[str, Field(pattern="^cus_[0-9a-f]{32}$")]
KeyId = Annotated[str, Field(pattern="^key_[0-9a-f]{32}$")]
RequestId = Annotated[str, Field(pattern="^req_[0-9a-f]{32}$")]


class BalanceAnswer(Answer):
    """The wallet's figures; posted is available and reserved together."""

    customer_id: CustomerId
    currency: str
    available: Annotated[Money, Field(description="What a new call may be held against.")]
    reserved: Annotated[Money, Field(description="What open calls hold.")]
    posted: Money
    debt: Money
    open_holds: int
    updated_at: Time
    position: Annotated[int, Field(description="The log's position that the figures are as of.")]


class CheckAnswer(Answer):
    """Whether the wallet could hold an amount now; nothing was held."""

    sufficient: bool
    required: Money
    available: Money
    shortfall: Money
    currency: str
    reason: Annotated[str | None, Field(description="The code that a call would be refused with.")]


class RechargeAnswer(Answer):
    """When to ask for more credit, and whether that has been asked."""

    below: Money
    amount: Money
    requested: bool


class BalanceConfigAnswer(Answer):
    """What is watched, and which lines are crossed."""

    customer_id: CustomerId
    currency: str
    alert_thresholds: list[Money]
    alerts_raised: list[Money]
    quota_alert_percents: list[int]
    low_balance: bool
    auto_recharge: RechargeAnswer | None
    webhook_url: str | None
    webhook_secret: Annotated[
        str | None, Field(description="What webhooks are signed with; none without webhooks.")
    ]


class TransactionAnswer(Answer):
    """One movement: what it did to the wallet's two figures."""

    transaction_id: Annotated[str, Field(examples=["txn_1188_0"])]
    type: Literal["recharge", "reservation", "charge", "release", "correction", "expiry", "void"]
    available: Annotated[Money, Field(description="By how much available credit moved.")]
    posted: Annotated[Money, Field(description="By how much the posted balance moved.")]
    available_after: Money
    request_id: RequestId | None
    api_key_id: KeyId | None
    grant_id: str | None
    correction_id: str | None
    period: str | None
    corrects: str | None
    created_at: Time


class TransactionsAnswer(Page[TransactionAnswer]):
    """Movements, the newest first."""
