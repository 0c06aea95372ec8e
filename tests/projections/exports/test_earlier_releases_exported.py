"""The log of every release is exported as if today's had written it."""

from collections import defaultdict
from decimal import Decimal
from functools import partial

import pytest

from projections.exports.focus.export import write_focus
from projections.exports.journal.export import write_journal
from projections.exports.sheets import CSV
from tests.judges.stricter import complaints, cost
from tests.projections.exports.told import rows_in, written
from tests.projections.history import follow, rows
from tests.projections.test_earlier_releases import RELEASES, stored


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_releases_books_are_exported(database_url: str, release: str) -> None:
    stored(database_url, release)
    follow(database_url)

    journal = rows_in(written(database_url, write_journal, CSV)[0], CSV)
    focus = rows_in(written(database_url, partial(write_focus, issuer="Acme"), CSV)[0], CSV)

    posted: dict[str, Decimal] = defaultdict(Decimal)
    for row in journal:
        if row["account"].startswith(("Liabilities:Wallet:", "Assets:Receivable:")):
            posted[row["wallet_id"]] += Decimal(row["credit"] or 0) - Decimal(row["debit"] or 0)
    balances = rows(database_url, "SELECT wallet_id, posted FROM read.balances WHERE posted <> 0")
    assert {k: v for k, v in posted.items() if v} == {
        f"wal_{wallet_id.hex}": Decimal(nanos).scaleb(-9) for wallet_id, nanos in balances
    }
    assert complaints(focus) == []
    assert sum(cost(row, "BilledCost") for row in focus) > 0
