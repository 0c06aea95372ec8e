"""Deleting what was kept of calls, once its customer's policy does not want it any more."""

import logging
from typing import Final
from uuid import UUID

from adapters.call_contents.store import ContentStore
from domain import ids
from domain.call_policy import look_up_call_policy
from domain.errors import GatewayError
from domain.ports import Ledger

_log: Final = logging.getLogger("tollbook.content_sweep")


async def sweep_contents(ledger: Ledger, store: ContentStore) -> int:
    """Delete what is older than retention or too much, and all of it where logging is off.

    Returns of how many calls that was; a customer at whom it fails is logged, and the next one's
    turn comes. Raises BillingUnavailableError if it cannot be known of whom anything is kept.
    """
    deleted = 0
    for customer_id in await store.customers():
        try:
            deleted += await _sweep_one(ledger, store, customer_id)
        except GatewayError as error:
            where = {"customer_id": ids.public(ids.CUSTOMER, customer_id), "error": repr(error)}
            _log.warning("what was kept of a customer's calls was not swept", extra=where)
    return deleted


async def _sweep_one(ledger: Ledger, store: ContentStore, customer_id: UUID) -> int:
    policy = (await ledger.read(look_up_call_policy(customer_id))).security
    old = await store.forget(customer_id, policy.retention_days if policy.logs_content else 0)
    return old + await store.trim(customer_id)
