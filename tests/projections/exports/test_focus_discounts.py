"""FOCUS: list prices, and what of them is contracted."""

from decimal import Decimal
from functools import partial

from domain.quote import Quote
from domain.settle_call import Outcome
from projections.exports.focus.export import write_focus
from projections.exports.sheets import CSV
from tests.judges.stricter import complaints
from tests.projections.exports.told import rows_in, written
from tests.projections.months import Months


def test_a_discount_is_between_the_list_price_and_the_contracted_one(database_url: str) -> None:
    shop = Months(customers=1)
    shop.join()
    card = {"input": 1_000_000, "output": 3_000_000, "web_search": 9_000_000}
    terms = {
        "multiplier": [333_333_333, 10**9],
        "above": [[50, {"input": 2_000_000}]],
        "service_tiers": {"flex": {"multiplier": [1, 2]}},
    }
    shop.publish({"m": card}, terms={"m": terms})
    shop.grant(5_000)
    quote = Quote(1_000, 10, clamps=False, service_tier="flex", extras={"web_search": 4})
    held = shop.reserve(quote=quote)
    usage = {"input": 600, "web_search": 4}
    shop.settle(held, Outcome(1, basis="reported", usage=usage, service_tier="flex"))

    shop.store(database_url)
    account = f"wal_{shop.who.wallet_id.hex}"

    rows = rows_in(written(database_url, partial(write_focus, issuer="Acme"), CSV)[0], CSV)

    table = [row for row in rows if row["BillingAccountId"] == account]
    _, tokens, searches = table
    # 600 × 2 + 4 × 9 at a third less a little, and half of that for being served later.
    assert tokens["ListUnitPrice"] == "0.002"
    assert tokens["ContractedUnitPrice"] == "0.000333333333"
    assert tokens["ListCost"] == "0.0000012"
    assert tokens["ContractedCost"] == "0.0000001999999998"
    assert (searches["SkuId"], searches["ConsumedUnit"]) == ("m/web_search", "Requests")
    paid = sum(Decimal(row["EffectiveCost"]) for row in (tokens, searches))
    assert paid == Decimal("0.000000206")
    assert complaints(table) == []
