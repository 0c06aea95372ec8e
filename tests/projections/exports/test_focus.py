"""FOCUS: every row as the specification has it, and every sum as the statement has it."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from domain import manage
from projections.exports.columns import decimal
from projections.exports.focus.export import write_focus
from projections.exports.sheets import CSV, PARQUET
from projections.statement.number import format_number
from tests.judges.stricter import Row, billed_by_invoice, complaints, cost
from tests.projections.exports.told import rows_in, written
from tests.projections.history import database, follow, rows as query
from tests.projections.months import Months

write = partial(write_focus, issuer="Acme")


def focus(url: str, form: str = CSV, **selection: str) -> list[dict[str, Any]]:
    return rows_in(written(url, write, form, **selection)[0], form)


def told(shop: Months, url: str) -> list[Row]:
    """What is told of the customer of now."""
    shop.store(url)
    account = f"wal_{shop.who.wallet_id.hex}"
    return [row for row in focus(url) if row["BillingAccountId"] == account]


def figures(row: Row) -> dict[str, str | None]:
    names = ("x_RowType", "BilledCost", "EffectiveCost", "ContractedCost", "SkuId")
    return {name: row[name] for name in names}


def nanos(amount: int) -> str:
    return decimal(amount, 9)


@pytest.fixture
def shop() -> Months:
    shop = Months(customers=1)
    shop.join()
    return shop


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**9))
def test_every_sum_is_that_of_the_roll_forward_and_every_row_is_sound(
    server_url: str, seed: int
) -> None:
    history = Months(seed)
    history.live(250)
    history.close_all()
    with database(server_url) as url:
        history.store(url)
        follow(url)
        table = focus(url)
        rolled = query(
            url, "SELECT wallet_id, period, category, kind, nanos FROM read.roll_forward"
        )
        numbers = query(url, "SELECT wallet_id, period, number FROM read.statements")

    assert complaints(table) == []
    expected: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for wallet_id, period, category, kind, change in rolled:
        for name in SUMMED.get((category, kind), ()):
            sign = 1 if name == "billed" else -1
            expected[f"wal_{wallet_id.hex}", period, name] += Decimal(sign * change).scaleb(-9)
    assert nonzero(summed(table)) == nonzero(expected)
    payable = {
        format_number(number): expected[f"wal_{wallet_id.hex}", period, "billed"]
        for wallet_id, period, number in numbers
    }
    billed = billed_by_invoice(table)
    assert {number: billed.get(number, 0) for number in payable} == payable


CHARGED = ("charge", "correction", "prior_correction")
SUMMED = {
    ("paid", "grant"): ("billed",),
    ("paid", "void"): ("billed",),
    ("paid", "expiry"): ("effective", "breakage"),
    ("absorbed", "charge"): ("absorbed",),
    **{("paid", kind): ("effective", "paid") for kind in CHARGED},
    **{("debt", kind): ("effective", "overdraft") for kind in CHARGED},
    **{("promotional", kind): ("promotional",) for kind in CHARGED},
}
"""Which sums of the table a kind of move of a category is part of."""


def summed(table: list[Row]) -> dict[tuple[str, str, str], Decimal]:
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in table:
        month = (row["BillingAccountId"] or "", row["x_BillingPeriod"] or "")
        breakage = row["x_RowType"] == "breakage"
        sums[*month, "billed"] += cost(row, "BilledCost")
        sums[*month, "effective"] += cost(row, "EffectiveCost")
        sums[*month, "breakage" if breakage else "paid"] += cost(row, "x_PaidCost")
        sums[*month, "overdraft"] += cost(row, "x_OverdraftCost")
        sums[*month, "promotional"] += cost(row, "x_PromotionalCost")
        sums[*month, "absorbed"] += cost(row, "x_AbsorbedCost")
    return sums


def nonzero(sums: dict[Any, Decimal]) -> dict[Any, Decimal]:
    return {key: value for key, value in sums.items() if value}


def test_the_two_formats_say_the_same(database_url: str) -> None:
    history = Months(7)
    history.live(200)
    history.store(database_url)

    table, arrow = focus(database_url), focus(database_url, PARQUET)

    assert len(table) == len(arrow) > 50
    for line, row in zip(table, arrow, strict=True):
        assert [name for name, value in line.items() if value is None] == [
            name for name, value in row.items() if value is None
        ]
        for name, value in row.items():
            if isinstance(value, float):
                assert value == float(line[name] or "nan")
            elif name.endswith(("Start", "End")):
                assert value.isoformat().replace("+00:00", "Z") == line[name]
            else:
                assert value is None or str(value) == line[name]


def test_a_purchase_is_billed_and_effective_when_used(shop: Months, database_url: str) -> None:
    shop.grant(5_000)
    shop.charge(shop.reserve(tokens=100, cap=300), {"input": 100, "output": 200})

    assert [figures(row) for row in told(shop, database_url)] == [
        {"x_RowType": "purchase", "BilledCost": nanos(5_000), "EffectiveCost": "0.00",
         "ContractedCost": nanos(5_000), "SkuId": "prepaid-credit"},
        {"x_RowType": "usage", "BilledCost": "0.00", "EffectiveCost": nanos(100),
         "ContractedCost": nanos(100), "SkuId": "m/input"},
        {"x_RowType": "usage", "BilledCost": "0.00", "EffectiveCost": nanos(400),
         "ContractedCost": nanos(400), "SkuId": "m/output"},
    ]  # fmt: skip


def test_promotional_credit_offsets_what_it_paid(shop: Months, database_url: str) -> None:
    shop.grant(150, category="promotional")
    shop.grant(5_000)
    shop.charge(shop.reserve(tokens=100, cap=300), {"input": 100, "output": 200})

    _, *usage, credit = told(shop, database_url)
    assert [row["BilledCost"] for row in usage] == [nanos(100), nanos(50)]
    assert [row["EffectiveCost"] for row in usage] == [nanos(100), nanos(400)]
    assert [row["x_PaidCost"] for row in usage] == ["0.00", nanos(350)]
    assert (credit["ChargeCategory"], credit["BilledCost"]) == ("Credit", nanos(-150))


def test_a_component_is_priced_and_told_exactly(shop: Months, database_url: str) -> None:
    shop.publish({"m": {"input": 1_234, "output": 0, "request": 77_000_000}})
    shop.grant(5_000)
    held = shop.reserve(tokens=1_000, cap=1, tags={"cost_center": "blue"})
    shop.charge(held, {"input": 1_000})

    _, row, fee = told(shop, database_url)
    assert (row["PricingQuantity"], row["ListUnitPrice"]) == ("0.001", "0.000001234")
    assert (row["ContractedCost"], row["EffectiveCost"]) == ("0.000000001234", "0.000000001")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("1000.00", "Tokens")
    assert (row["x_CostCentre"], row["Tags"]) == ("blue", '{"cost_center":"blue"}')
    assert row["x_PriceVersion"] == row["SkuPriceId"] == shop.book.version_at(shop.now)
    assert (fee["SkuId"], fee["PricingUnit"]) == ("m/request", "1000000 Requests")
    assert fee["EffectiveCost"] == nanos(77)


def test_a_correction_is_one_only_after_its_month_was_invoiced(
    shop: Months, database_url: str
) -> None:
    shop.grant(200, category="promotional")
    shop.grant(5_000)
    held = shop.reserve(tokens=100, cap=300)
    shop.charge(held, {"input": 100, "output": 200})
    shop.correct(held, 50)
    shop.tick(days=20)
    shop.close()
    shop.correct(held, 350)

    table = told(shop, database_url)
    corrections = [row for row in table if row["x_CorrectionId"]]
    assert [row["ChargeClass"] for row in corrections] == [None, "Correction"]
    assert [row["EffectiveCost"] for row in corrections] == [nanos(-50), nanos(-350)]
    assert [row["x_BillingPeriod"] for row in corrections] == ["2026-11", "2026-12"]
    offset = [row for row in table if row["ChargeCategory"] == "Credit"]
    assert [row["ChargeClass"] for row in offset] == [None, "Correction"]
    assert [row["BilledCost"] for row in offset] == [nanos(-200), nanos(100)]
    assert complaints(table) == []


def test_a_refund_corrects_a_purchase_that_was_invoiced(shop: Months, database_url: str) -> None:
    first, second = shop.grant(500), shop.grant(700)
    void = partial(manage.void_grant, shop.who.wallet_id, reason="refund", actor="operator")
    shop.do(void(first))
    shop.tick(days=20)
    shop.close()
    shop.do(void(second))

    refunds = [row for row in told(shop, database_url) if row["x_RowType"] == "refund"]
    assert [row["BilledCost"] for row in refunds] == [nanos(-500), nanos(-700)]
    assert [row["ChargeClass"] for row in refunds] == [None, "Correction"]
    assert [row["InvoiceId"] for row in refunds] == ["ST-00000001", None]


def test_credit_that_expired_is_effective_at_last(shop: Months, database_url: str) -> None:
    shop.grant(500, expires_at=shop.now + timedelta(days=1))
    shop.grant(300, category="promotional", expires_at=shop.now + timedelta(days=1))
    shop.tick(days=2)
    shop.sweep()

    table = told(shop, database_url)
    assert [row["x_RowType"] for row in table] == ["purchase", "breakage"]
    assert table[1]["EffectiveCost"] == nanos(500)


def test_a_months_rows_name_its_invoice_and_lie_within_it(shop: Months, database_url: str) -> None:
    shop.move_to("Asia/Tokyo")
    shop.grant(5_000)
    shop.tick(days=25)
    held = shop.reserve()
    shop.charge(held, {"input": 10})
    shop.tick(days=30)
    shop.close()
    shop.close()

    bought, used = told(shop, database_url)
    assert (bought["InvoiceId"], used["InvoiceId"]) == ("ST-00000001", "ST-00000002")
    assert bought["BillingPeriodEnd"] == used["BillingPeriodStart"] == "2026-11-30T15:00:00Z"
    assert used["ChargePeriodStart"] == "2026-12-14T15:00:00Z"
    assert used["ChargePeriodEnd"] == "2026-12-15T15:00:00Z"


def test_a_month_and_a_customer_are_parts_of_the_whole(server_url: str) -> None:
    history = Months(11)
    history.live(300)
    with database(server_url) as url:
        history.store(url)
        whole = focus(url)
        months = sorted({row["x_BillingPeriod"] for row in whole})

        for month in months:
            assert focus(url, month=month) == [r for r in whole if r["x_BillingPeriod"] == month]
        for who in history.everyone:
            wallet_id = who.wallet_id.hex
            part = focus(url, wallet_id=wallet_id, customer_id=who.customer_id.hex)
            assert part == [r for r in whole if r["BillingAccountId"] == f"wal_{wallet_id}"]
    assert len(months) > 1


def test_who_bills_is_named(shop: Months, database_url: str) -> None:
    shop.grant(500)

    (row,) = told(shop, database_url)
    assert row["Provider"] == row["InvoiceIssuerName"] == "Acme"
    assert row["x_CustomerId"] == f"cus_{shop.who.customer_id.hex}"


def test_the_control_sums_are_those_of_the_rows(database_url: str) -> None:
    history = Months(3)
    history.live(200)
    history.store(database_url)

    text, control = written(database_url, write, CSV)

    table = rows_in(text, CSV)
    sums = {
        "billed": sum(cost(row, "BilledCost") for row in table),
        "effective": sum(cost(row, "EffectiveCost") for row in table),
    }
    assert control.rows == len(table)
    assert control.sums["USD"] == {name: int(s.scaleb(9)) for name, s in sums.items() if s}
