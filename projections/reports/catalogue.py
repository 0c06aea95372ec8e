"""Every report there is, by its name, and the read models that they are drawn from."""

from typing import Final

from projections.calls import Calls
from projections.customers import Customers
from projections.deadlines import Deadlines
from projections.grants import Grants
from projections.projection import Projection
from projections.reports.corrections import CORRECTIONS
from projections.reports.credit_expiry import CREDIT_EXPIRY
from projections.reports.deferred_revenue import DEFERRED_REVENUE
from projections.reports.estimates import ESTIMATES
from projections.reports.holds_ageing import HOLDS_AGEING
from projections.reports.report import Report
from projections.reports.trial_balance import TRIAL_BALANCE
from projections.transactions import Transactions

REPORTS: Final[dict[str, Report]] = {
    report.name: report
    for report in (
        CREDIT_EXPIRY,
        HOLDS_AGEING,
        CORRECTIONS,
        DEFERRED_REVENUE,
        TRIAL_BALANCE,
        ESTIMATES,
    )
}
MODELS: Final[tuple[Projection, ...]] = (
    Calls(), Customers(), Deadlines(), Grants(), Transactions(),
)  # fmt: skip
