"""Masking on a call's way: what a customer's security policy makes of a prompt."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from uuid import UUID

from adapters.masking import phones
from adapters.masking.prompt import Masked, mask_prompt
from adapters.masking.terms import Terms
from api.call_policies import CallPolicies
from domain.security_policy import SecurityPolicy

INLINE_MAX: Final = 16 * 1024
INLINE_MAX_OF_PHONES: Final = 1024
"""Bytes: larger bodies are masked in a thread; this much takes some milliseconds at worst."""
_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="masking")
"""Its own, for a crowd of large prompts must not keep others from theirs."""


async def mask(raw: bytes, security: SecurityPolicy, terms: Terms) -> Masked | None:
    """Mask a body as its customer asks; None if nothing is asked for.

    Raises what `mask_prompt` raises.
    """
    if not security.masks and not terms:
        return None
    work = partial(mask_prompt, raw, security.masks, terms)
    inline = INLINE_MAX_OF_PHONES if phones.KIND in security.masks else INLINE_MAX
    if len(raw) <= inline:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


async def masked_now(policies: CallPolicies, customer_id: UUID, raw: bytes) -> bytes:
    """Mask a body for which nothing will be held, so that only a fresh look tells the policy."""
    policies.forget(customer_id)
    policy = await policies.of(customer_id)
    masked = await mask(raw, policy.security, await policies.terms_of(policy.security))
    return raw if masked is None else masked.body
