"""Any history over months: read models are folds, rebuilds are equal, statements never change."""

from collections import Counter
from decimal import Decimal

import psycopg
from hypothesis import given, settings, strategies as st

from domain import wallet_events as facts
from domain.wallet import Wallet
from projections.statement.document import SECTIONS
from tests.projections.drawing import Drawn, draw_all
from tests.projections.following import start_again
from tests.projections.history import database, everything, follow, rows
from tests.projections.months import Months
from tests.projections.test_months import naive
from tests.properties.profiles import POSTGRESQL


@settings(POSTGRESQL)
@given(
    seed=st.integers(0, 2**32),
    before=st.integers(0, 300),
    after=st.integers(0, 300),
    window=st.integers(3, 500),
)
def test_whatever_happens_the_books_of_every_month_hold(
    server_url: str, seed: int, before: int, after: int, window: int
) -> None:
    history = Months(seed, customers=2)
    with database(server_url) as url:
        history.live(before)
        history.store(url)
        follow(url, window=window)
        then = {drawn.row.number: drawn.text for drawn in draw_all(url)}

        history.live(after)
        history.store(url)
        follow(url, window=window)
        now = draw_all(url)
        shown = everything(url)
        start_again(url)

        assert everything(url) == shown
        assert {n: text for n, text in texts(now).items() if n in then} == then
        assert {
            (row[0], *row[1:4]): row[4]
            for row in rows(
                url, "SELECT wallet_id, period, category, kind, nanos FROM read.roll_forward"
            )
            if row[4]
        } == {key: nanos for key, nanos in naive(history).items() if nanos}
        assert left(url) == {
            (wallet.id, lot.grant_id): (lot.available, lot.held)
            for wallet in history.aggregates(Wallet)
            for lot in wallet.lots.values()
        }
        check_register(history, now)


def check_register(history: Months, drawn: list[Drawn]) -> None:
    """Every closed month has its statement, whose lines lead from its opening to its closing."""
    closed = history.facts(facts.PeriodClosed)
    assert [(d.row.wallet_id, d.row.period, d.row.number) for d in drawn] == [
        (fact.originator_id, fact.period, number) for number, fact in enumerate(closed, 1)
    ]
    balance = Counter[str]()
    for statement in drawn:
        fields, wallet_id = statement.fields, statement.fields["wallet_id"]
        moved = sum(Decimal(line["amount"]) for name in SECTIONS for line in fields[name])
        assert int(Decimal(fields["opening"]).scaleb(9)) == balance[wallet_id]
        balance[wallet_id] = int((Decimal(fields["opening"]) + moved).scaleb(9))
        assert int(Decimal(fields["closing"]).scaleb(9)) == balance[wallet_id]
        amounts = [line["amount"] for line in statement.table if line["amount"]]
        assert amounts == [line["amount"] for name in SECTIONS for line in fields[name]]


def texts(drawn: list[Drawn]) -> dict[int, bytes]:
    return {statement.row.number: statement.text for statement in drawn}


def left(url: str) -> dict[object, tuple[int, int]]:
    with psycopg.connect(url) as conn:
        found = conn.execute("SELECT wallet_id, grant_id, remaining, held FROM read.grants")
        return {(w, grant_id.hex): (remaining, held) for w, grant_id, remaining, held in found}
