"""Answers about corrections, payments, months and statements."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Items, Money, Month, Page, Time


class CorrectionMadeAnswer(Answer):
    """A correction; a positive amount was given back."""

    correction_id: str
    request_id: str
    amount: Money
    reason: str


class ChangeAnswer(Answer):
    """What re-rating changes: how many charges of those looked at, and by how much in all."""

    looked_at: int
    count: int
    amount: Money


class DryRunAnswer(ChangeAnswer):
    """What a batch would change; nothing was done."""

    dry_run: Literal[True]


class NewBatchAnswer(ChangeAnswer):
    """A batch that was announced."""

    batch_id: str


class SliceAnswer(ChangeAnswer):
    """What a slice of a batch has changed, and where the next one begins."""

    after: int | None
    completed: bool


class BatchAnswer(Answer):
    """What a batch announced and how much of it is done."""

    batch_id: str
    to_price_version: str
    selector: dict[str, str]
    count: int
    amount: Money
    done_count: int
    done_amount: Money
    completed: bool
    reason: str | None
    actor: str
    opened_at: Time


class BatchesAnswer(Items[BatchAnswer]):
    """Batches, the newest first."""


class QuestionAnswer(Answer):
    """Something about a payment that an operator must decide."""

    code: str
    reference: str


class PaymentAnswer(Answer):
    """One payment."""

    payment_id: str
    provider: str
    reference: str
    status: str
    amount: Money | None
    currency: str | None
    problem: str | None
    customer_id: str | None
    grant_id: str | None
    refunded: Money | None
    voided: Money | None
    shortfall: Money | None
    questions: list[QuestionAnswer]
    needs_attention: bool
    created_at: Time
    updated_at: Time


class PaymentsAnswer(Page[PaymentAnswer]):
    """Payments, the newest first."""


class AppliedAnswer(Answer):
    """Money that became a customer's credit."""

    payment_id: str
    customer_id: str
    grant_id: str
    amount: Money
    voided: Money
    currency: str


class PeriodAnswer(Answer):
    """A month: how many wallets have it, and how many of them closed it."""

    month: Month
    status: Literal["open", "closed"]
    wallets: int
    wallets_closed: int
    statements_issued: int
    closable_from: Time | None


class PeriodsAnswer(Items[PeriodAnswer]):
    """Months, the newest first."""


class ClosedAnswer(Answer):
    """What a close has done."""

    month: Month
    wallets: int
    months_closed: int
    statements_issued: int


class StatementRowAnswer(Answer):
    """A statement's place in the register."""

    number: str
    customer_id: str
    wallet_id: str
    month: Month
    zone: str
    currency: str
    opening: Money
    closing: Money
    closed_at: Time
    issued_at: Time | None
    position: int
    tree_size: int | None
    sha256: str | None


class GapAnswer(Answer):
    """A number that has no statement, and why."""

    number: str
    reason: str


class StatementsAnswer(Page[StatementRowAnswer]):
    """Statements, the newest number first, and every number that has none."""

    gaps: list[GapAnswer]


class DeliveryAnswer(Answer):
    """A message to a customer, and what became of it."""

    webhook_id: str
    customer_id: str
    type: Annotated[str, Field(examples=["balance.alert"])]
    status: str
    attempts: int
    http_status: int | None
    error: str | None
    created_at: Time
    last_attempt_at: Time | None
    next_attempt_at: Time | None


class DeliveriesAnswer(Page[DeliveryAnswer]):
    """Deliveries, the newest first."""
