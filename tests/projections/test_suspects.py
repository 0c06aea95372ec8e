"""What the sweeper is told."""

from datetime import UTC, datetime, timedelta

import pytest

from projections.suspects import suspects
from tests.projections.history import History, follow
from tests.projections.looking import ask


@pytest.fixture
def _long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.domain.shop.T0", datetime(2001, 2, 3, tzinfo=UTC))


@pytest.mark.usefixtures("_long_ago")
def test_the_sweeper_is_told_what_has_run_out(database_url: str) -> None:
    history = History(customers=2)
    one, two = history.everyone
    history.who = one
    early = history.reserve()
    history.tick(seconds=1)
    late = history.reserve()
    settled = history.reserve()
    history.release(settled)
    open_still = history.reserve(hold_for=timedelta(days=40_000))
    history.who = two
    history.grant(100, expires_at=history.now + timedelta(hours=1))
    history.grant(100, expires_at=history.now + timedelta(days=40_000))
    history.store(database_url)
    follow(database_url)

    found = ask(database_url, suspects)

    assert [tuple(entry) for entry in found] == [
        (one.wallet_id, [one.key_id], [early.request_id, late.request_id]),
        (two.wallet_id, [], []),
    ]
    assert open_still.request_id not in found[0].request_ids
    assert len(ask(database_url, lambda conn: suspects(conn, limit=1))) == 1


@pytest.mark.usefixtures("_long_ago")
def test_what_was_swept_is_suspect_no_more(database_url: str) -> None:
    history = History(customers=1)
    held = history.reserve()
    history.grant(100, expires_at=history.now + timedelta(minutes=1))
    history.tick(days=1)
    history.sweep(held)
    history.store(database_url)

    follow(database_url)

    assert ask(database_url, suspects) == []
