"""What a supplier bills: its share of list prices, at the tier that it says served the call."""

import asyncio

import pytest

from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.fit_funds import Fitting
from domain.metering import Estimate, Report
from domain.pricing import RateCard, ServiceTier
from domain.quote import Quote
from domain.usage import exclusive
from tests.domain.test_metered_call import Said, Scripted, call_through, reservation

COST = RateCard(
    {"input": 1_000_000, "output": 2_000_000}, (4, 5), tiers={"flex": ServiceTier((1, 2))}
)


@pytest.mark.parametrize(
    ("told", "cost"), [(None, 80), ("standard", 80), ("flex", 40), ("turbo", 80)]
)
def test_a_supplier_bills_a_share_of_list_at_the_tier_it_names(told: str | None, cost: int) -> None:
    model = Model("m", CHAT, 1_000, 100, (Route("one", "a", COST),))
    sized = Candidate(model, model.routes, Quote(10, 77, clamps=False), Estimate(10, 14, 100))
    answer = Said(None)
    answer.report = Report(exclusive(input=60, output=20), service_tier=told)
    held = reservation(Fitting(sized, 77, 50))
    call, books, _ = call_through(Scripted(answer), Scripted(), held)

    asyncio.run(call.charge(asyncio.run(call.dispatch("request")), complete=True))

    (settled,) = books.settled
    assert [attempt.cost for attempt in settled.attempts] == [cost]
    assert settled.outcome.service_tier == told
