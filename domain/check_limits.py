"""The check of parallel calls, made under the ledger's lock: exact over all workers.

A call counts as long as it holds, so one whose worker was killed counts until its hold runs out.
"""

from domain.api_key import ApiKey
from domain.customer import Customer
from domain.limits import CUSTOMER, KEY, CallLimits, check_parallel
from domain.moment import Moment
from domain.wallet import Wallet


def check_limits(at: Moment, key: ApiKey, customer: Customer, wallet: Wallet) -> CallLimits:
    """Raise RateLimitedError if a call more is one too many; tells all that limits the call."""
    limits = CallLimits(key.limits, customer.limits)
    if limits.key.parallel_calls is not None:
        check_parallel(limits.key, KEY, key.open_calls(at))
    if limits.customer.parallel_calls is not None:
        check_parallel(limits.customer, CUSTOMER, len(wallet.holds) - len(wallet.due_holds(at)))
    return limits
