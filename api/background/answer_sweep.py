"""Deleting kept answers that are too old or too many, or whose customer wants none kept."""

import logging
from typing import Final
from uuid import UUID

import psycopg

from adapters.answer_cache.postgres import PostgresAnswers
from domain import ids
from domain.call_policy import look_up_call_policy
from domain.errors import GatewayError
from domain.ports import Ledger

_log: Final = logging.getLogger("tollbook.answer_sweep")


async def sweep_answers(ledger: Ledger, answers: PostgresAnswers) -> int:
    """Delete what has expired or is too much for its customer, and all of it where keeping is off.

    A call that was open when it was switched off may have kept its answer since. Returns how many
    had expired; a customer at whom it fails is logged, and the next one's turn comes. Raises
    psycopg.Error if it cannot be known of whom anything is kept.
    """
    expired = await answers.expire()
    for customer_id in await answers.customers():
        try:
            await _sweep_one(ledger, answers, customer_id)
        except (GatewayError, psycopg.Error) as error:
            where = {"customer_id": ids.public(ids.CUSTOMER, customer_id), "error": repr(error)}
            _log.warning("a customer's kept answers were not swept", extra=where)
    return expired


async def _sweep_one(ledger: Ledger, answers: PostgresAnswers, customer_id: UUID) -> None:
    policy = await ledger.read(look_up_call_policy(customer_id))
    if policy.context.cache_seconds is None:
        await answers.forget(customer_id)
    else:
        await answers.trim(customer_id)
