"""What would become of calls that a key makes now: asked of everything that a call would meet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.gateway import Gateway
from api.inference.limiting import largest
from api.openapi.smallest_call import SmallestCall, paths_for, smallest_calls
from api.openapi.visible_models import Entry
from domain.decision import Decision
from domain.errors import RefusalError
from domain.limits import CallLimits, RateLimitedError
from domain.ports import Books
from domain.preflight import Outlook, look_ahead, parties_ids, parties_of
from domain.reserve_call import Identity

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outlooks:
    """One for each call, and what else they were decided by."""

    each: list[Outlook]
    currency: str
    month: str
    """In which a hold made now is booked."""


async def look_at_entries(gateway: Gateway, who: Identity, entries: Sequence[Entry]) -> Outlooks:
    """Tell what would become of the smallest call of each entry, at its first endpoint."""
    wanted = [(entry, paths_for(entry)[0]) for entry in entries]
    return await look_at(gateway, who, await smallest_calls(gateway, who.customer_id, wanted))


async def look_at(gateway: Gateway, who: Identity, calls: Sequence[SmallestCall]) -> Outlooks:
    """Tell what would become of each call, were it the next; nothing is held or taken.

    Raises InvalidApiKeyError for a key that is not there, or BillingUnavailableError.
    """

    def look(books: Books) -> tuple[Outlooks, CallLimits]:
        parties = parties_of(books, who)
        wallet, now = parties.wallet, books.at.now
        each = [look_ahead(call.asked, parties) for call in calls]
        found = Outlooks(each, wallet.currency, wallet.calendar.period_of(now))
        return found, CallLimits(parties.key.limits, parties.customer.limits)

    found, limits = await gateway.ledger.read(Decision(parties_ids(who), look))
    crowded = await _crowded(gateway, who, limits, calls)
    each = [
        _after(outlook, call.refusal, crowded.get(_size(call)))
        for call, outlook in zip(calls, found.each, strict=True)
    ]
    return replace(found, each=each)


async def _crowded(
    gateway: Gateway, who: Identity, limits: CallLimits, calls: Sequence[SmallestCall]
) -> dict[Size, RateLimitedError | None]:
    """Ask the rate limits about each size that there is."""
    sizes = {_size(call) for call in calls if call.asked.candidates}
    return {size: await gateway.limiter.look(who, limits, *size) for size in sizes}


def _size(call: SmallestCall) -> Size:
    return largest(call.asked.candidates) if call.asked.candidates else (0, 0)


def _after(outlook: Outlook, *before: RefusalError | None) -> Outlook:
    """Put first what a call meets before its reserve."""
    met = [refusal for refusal in before if refusal is not None]
    return replace(outlook, refusals=(*met, *outlook.refusals)) if met else outlook
