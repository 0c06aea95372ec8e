"""Masking on a call's way: what a customer's security policy makes of a prompt."""

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from uuid import UUID

from adapters.masking import phones
from adapters.masking.prompt import Masked, mask_prompt
from adapters.masking.terms import Terms
from api.call_policies import CallPolicies
from domain.security_policy import SecurityPolicy

INLINE_MAX: Final = 4096
SLOW_INLINE_MAX: Final = 512
"""Bytes: larger bodies are masked in a thread. So much takes 9 ms at the most, made up
of nothing but IBANs, or of what is nearly one of a hundred terms; else a tenth of that."""
_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="masking")
"""Its own, for a crowd of large prompts must not keep others from theirs."""


async def mask(
    raw: bytes, security: SecurityPolicy, terms: Terms, tag_names: Collection[str] = ()
) -> Masked | None:
    """Mask a body as its customer asks; None if nothing is asked for.

    Tags under `tag_names` stay. Raises what `mask_prompt` raises.
    """
    if not security.masks and not terms:
        return None
    work = partial(mask_prompt, raw, security.masks, terms, tag_names)
    slow = terms or phones.KIND in security.masks
    if len(raw) <= (SLOW_INLINE_MAX if slow else INLINE_MAX):
        return work()
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


async def masked_now(policies: CallPolicies, customer_id: UUID, raw: bytes) -> bytes:
    """Mask a body for which nothing will be held, so that only a fresh look tells the policy."""
    policies.forget(customer_id)
    policy = await policies.of(customer_id)
    masked = await mask(raw, policy.security, await policies.terms_of(policy.security))
    return raw if masked is None else masked.body
