"""Every projection there is."""

from typing import Final

from projections.alerts import Alerts
from projections.api_keys import ApiKeys
from projections.balances import Balances
from projections.calls import Calls
from projections.conversations import Conversations
from projections.correction_batches import CorrectionBatches
from projections.customers import Customers
from projections.deadlines import Deadlines
from projections.grants import Grants
from projections.memories import Memories
from projections.payments import Payments
from projections.projection import Projection
from projections.statements import Statements
from projections.supplier_costs import SupplierCosts
from projections.supplier_reports import SupplierReports
from projections.transactions import Transactions

ALL: Final[tuple[Projection, ...]] = (
    Customers(),
    ApiKeys(),
    Balances(),
    Transactions(),
    Calls(),
    Grants(),
    Deadlines(),
    Statements(),
    CorrectionBatches(),
    Payments(),
    Alerts(),
    SupplierCosts(),
    SupplierReports(),
    Conversations(),
    Memories(),
)
