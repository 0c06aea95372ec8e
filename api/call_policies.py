"""Every customer's policies as this worker last saw them; the reserve tells when they changed."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from adapters.ledger.texts import ErasableTexts
from adapters.masking.terms import Terms
from api.content_rules import CONTENT_RULES, read_rules
from domain.call_policy import CallPolicy, PolicyChangedError, look_up_call_policy
from domain.ports import Ledger
from domain.security_policy import SecurityPolicy

NO_TERMS: Final = Terms(())
KNOWN_MAX: Final = 100_000
TERMS_MAX: Final = 1_000
"""Customers' terms take up more than their policies do."""


class CallPolicies:
    """Remembers policies by customer, so that a call asks nobody for them."""

    def __init__(self, ledger: Ledger, texts: ErasableTexts) -> None:
        self._ledger = ledger
        self._texts = texts
        self._terms: OrderedDict[str, Terms] = OrderedDict()
        self._known: OrderedDict[UUID, CallPolicy] = OrderedDict()

    async def of(self, customer_id: UUID) -> CallPolicy:
        """Tell a customer's policies as last seen, or raise BillingUnavailableError."""
        known = self._known.get(customer_id)
        if known is None:
            known = await self._ledger.read(look_up_call_policy(customer_id))
            self._known[customer_id] = known
            while len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return known

    async def terms_of(self, security: SecurityPolicy) -> Terms:
        """Give the terms that a policy's content rules look for, or raise PolicyChangedError.

        A changed set of rules has another id, so what is remembered never changes.
        """
        if security.rules_id is None:
            return NO_TERMS
        known = self._terms.get(security.rules_id)
        if known is None:
            text = await self._texts.get(UUID(security.rules_id), CONTENT_RULES)
            if text is None:  # others are in force by now
                raise PolicyChangedError
            known = self._terms[security.rules_id] = Terms(read_rules(text))
            while len(self._terms) > TERMS_MAX:
                self._terms.popitem(last=False)
        return known

    def forget(self, customer_id: UUID) -> None:
        """Ask again the next time."""
        self._known.pop(customer_id, None)
