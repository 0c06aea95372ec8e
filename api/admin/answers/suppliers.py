"""Answers about suppliers: margins, reports and reconciliations."""

from typing import Annotated, Any

from pydantic import Field

from api.document.answer import Answer, Day, Items, Money, Time


class MarginAnswer(Answer):
    """Revenue, supplier cost and what is between them, of one group."""

    model: str | None = None
    provider: str | None = None
    upstream_model: str | None = None
    customer_id: str | None = None
    day: Day | None = None
    currency: str
    charges: int
    charged: Money
    corrected: Money
    revenue: Money
    cost: Money
    cost_currency: str
    margin: Money | None
    margin_basis_points: int | None
    complete: bool
    unpriced_attempts: int
    unpriced_revenue: Money
    attempts: int
    failed_attempts: int
    tokens: dict[str, int]
    tool_requests: dict[str, int]


class MarginsAnswer(Answer):
    """Margins by group, and in all for each pair of currencies."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day
    group_by: list[str]
    items: list[MarginAnswer]
    totals: list[MarginAnswer]


class SupplierDaysAnswer(Answer):
    """What a supplier's report is of."""

    report_id: str
    provider: str
    format: str
    sha256: str
    kinds: list[str]
    currency: str | None
    from_day: Day
    to_day: Day
    day_count: int
    partial_days: list[str]
    read_count: int
    line_count: int


class SupersededAnswer(Answer):
    """Days of an older report that this one speaks for now."""

    report_id: str
    kind: str
    days: list[str]


class TakenAnswer(SupplierDaysAnswer):
    """A report that was read."""

    new: bool
    supersedes: list[SupersededAnswer]
    dry_run: bool


class SupplierReportAnswer(SupplierDaysAnswer):
    """A report that was imported."""

    speaks_for_days: int
    actor: str
    imported_at: Time


class SupplierReportsAnswer(Items[SupplierReportAnswer]):
    """Reports, the newest first."""


class OursAnswer(Answer):
    """What we metered."""

    cost: Money
    tokens: dict[str, int]
    attempts: dict[str, int]
    unpriced_attempts: int


class TheirsAnswer(Answer):
    """What the supplier reports."""

    amount: Money | None
    tokens: dict[str, int] | None
    requests: int | None
    parts: dict[str, Money]
    lines: Annotated[list[str], Field(description="Report and line, for each that speaks of it.")]


class ResidualAnswer(Answer):
    """One reason, and how much of the difference it may explain: money, or tokens."""

    reason: str
    quantity: Money | int | None
    evidence: dict[str, int]


class ResolutionAnswer(Answer):
    """An operator's acceptance of a difference."""

    resolution_id: str
    reason: str
    state: str
    actor: str
    resolved_at: Time | None
    outdated: bool


class ItemAnswer(Answer):
    """One day, model and credential: both sides, and why they may differ."""

    day: Day
    model: str
    credential: str
    state: str
    found: str
    compared: list[str]
    unit: str | None
    difference: Money | int | None
    disagrees: list[str]
    ours: OursAnswer
    theirs: TheirsAnswer
    residuals: list[ResidualAnswer]
    candidates: list[str]
    resolution: ResolutionAnswer | None


class SummaryAnswer(Answer):
    """All items together."""

    states: dict[str, int]
    our_cost: Money
    their_amount: Money
    difference: Money
    residuals: dict[str, Money]


class RenamedAnswer(Answer):
    """A name, what it is matched under, and by which rule."""

    side: str
    name: str
    matched_as: str
    rule: str


class LostAnswer(Answer):
    """A call of which nobody knows whether the supplier worked."""

    request_id: str
    day: Day
    model: str
    input_tokens: int
    output_cap: int


class ReconciliationAnswer(Answer):
    """What we metered against what the supplier reports."""

    provider: str | None
    from_: Annotated[Day, Field(alias="from")]
    to: Day
    settled: bool
    summary: SummaryAnswer
    items: list[ItemAnswer]
    models: list[RenamedAnswer]
    credentials: list[RenamedAnswer]
    unknown_calls: list[LostAnswer]


class ResolvedAnswer(Answer):
    """An item whose figures were accepted."""

    resolution_id: str
    reason: str
    item: ItemAnswer


class ReportTypeAnswer(Answer):
    """A report for finance, and what it takes."""

    name: str
    columns: list[str]
    parameters: list[str]


class ReportTypesAnswer(Items[ReportTypeAnswer]):
    """Every report there is."""


class ReportAnswer(Answer):
    """A report as it is now; its columns are those that the list of reports names."""

    report: str
    at: Time
    position: int
    totals: Any
    items: list[dict[str, Any]]
