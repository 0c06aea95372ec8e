"""Deleting kept answers that are too old or too many, or whose customer wants none kept."""

from adapters.answer_cache.postgres import PostgresAnswers
from domain.call_policy import look_up_call_policy
from domain.ports import Ledger


async def sweep_answers(ledger: Ledger, answers: PostgresAnswers) -> int:
    """Delete what has expired, and all of it where keeping is off.

    A call that was open when it was switched off may have kept its answer since. Returns how many
    had expired; raises BillingUnavailableError or psycopg.Error.
    """
    expired = await answers.sweep()
    for customer_id in await answers.customers():
        policy = await ledger.read(look_up_call_policy(customer_id))
        if policy.context.cache_seconds is None:
            await answers.forget(customer_id)
    return expired
