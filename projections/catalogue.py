"""Every projection there is."""

from typing import Final

from projections.api_keys import ApiKeys
from projections.balances import Balances
from projections.customers import Customers
from projections.deadlines import Deadlines
from projections.projection import Projection
from projections.transactions import Transactions

ALL: Final[tuple[Projection, ...]] = (
    Customers(),
    ApiKeys(),
    Balances(),
    Transactions(),
    Deadlines(),
)
