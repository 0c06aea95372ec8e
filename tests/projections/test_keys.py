"""Keys that are changed and rotated in the midst of calls: shown and audited as they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.api_key import INFERENCE, MANAGE, ApiKey
from domain.change_key import KeyChange, NewName, change_key, disable_own_key, name_id_of
from domain.create_key import NewSecret
from domain.manager import Manager
from domain.quota import DAY, MONTH, NONE, Quota
from domain.reserve_call import Identity
from domain.rotate_key import look_up_opened, rotate_key
from tests.projections.audited import audited, log_of
from tests.projections.history import LIFE, History, follow, rows

OPERATOR = Manager("operator")
SHOWN = """
    SELECT key_id, name_id, credential_id, allowed_models, allowed_providers, permissions,
           quota_amount, quota_window, expires_at, disabled
    FROM read.api_keys ORDER BY key_id
"""


def change(told: History, **terms: Any) -> None:
    told.do(change_key(told.who.key_id, KeyChange(terms), OPERATOR))


def rotate(told: History) -> None:
    """Rotate the present customer's key and go on with the new secret."""
    key_id, new = told.who.key_id, told.mint()
    opened = told.do(look_up_opened(key_id, OPERATOR))
    assert opened is not None
    told.do(rotate_key(key_id, opened, NewSecret(new, f"tb_{new.hex[:6]}"), OPERATOR))
    renewed = Identity(new, key_id, told.who.wallet_id, told.who.customer_id)
    told.everyone[told.everyone.index(told.who)] = renewed
    told.who = renewed


def _requote(told: History) -> None:
    amount, window = told.random.choice([500, 20_000]), told.random.choice([NONE, DAY, MONTH])
    change(told, quota=told.random.choice([None, Quota(amount, window), Quota(amount, window)]))


def _rescope(told: History) -> None:
    models = told.random.choice([(), ("m",), ("m", "free")])
    providers = told.random.choice([(), (), ("p",)])
    change(told, allowed_models=models, allowed_providers=providers)


def _rename(told: History) -> None:
    name = NewName(told.mint(), "hash")
    told.do(change_key(told.who.key_id, KeyChange(name=name), OPERATOR))


def _age(told: History) -> None:
    ends = told.now + timedelta(days=told.random.randint(1, 400))
    change(told, expires_at=told.random.choice([None, ends]), permissions=(INFERENCE, MANAGE))


def _lower(told: History) -> None:
    change(told, quota=Quota(5))


KEY_LIFE: list[Any] = [*LIFE, (_requote, 8), (_rescope, 6), (_rename, 3), (rotate, 4), (_age, 3)]


def lived(seed: int) -> History:
    told = History(seed)
    told.price()
    told.happen(300, KEY_LIFE)
    told.who = told.everyone[0]
    told.do(disable_own_key(told.who.key_id, OPERATOR))
    return told


@pytest.mark.parametrize("seed", range(4))
def test_what_keys_did_under_all_of_their_terms_stands_up_to_an_audit(seed: int) -> None:
    violations, _ = audited(log_of(lived(seed)))

    assert violations == []


@pytest.mark.parametrize("parts", [1, 5])
def test_keys_are_shown_as_they_are_whatever_the_batches(database_url: str, parts: int) -> None:
    told = lived(7)
    facts = told.ledger.facts
    for part in range(1, parts + 1):
        told.ledger.facts = facts[: len(facts) * part // parts]
        told.store(database_url)
        follow(database_url)

    assert rows(database_url, SHOWN) == sorted(
        (
            key.id,
            name_id_of(key),
            UUID(key.credential_id or ""),
            key.allowed_models,
            key.allowed_providers,
            key.permissions,
            key.quota_amount,
            key.quota_window,
            key.expires_at,
            key.disabled,
        )
        for key in told.aggregates(ApiKey)
    )


def test_a_quota_that_is_taken_away_is_shown_as_none(database_url: str) -> None:
    told = History(customers=1)
    for terms in ({"quota": Quota(5, DAY), "expires_at": told.now + timedelta(days=1)}, {}):
        change(told, **{"quota": None, "expires_at": None, **terms})
        told.store(database_url)
        follow(database_url)

    (row,) = rows(database_url, SHOWN)
    assert row[6:9] == (None, "none", None)


Planted = tuple[Callable[[History], object], str]
FAULTS: dict[str, Planted] = {
    "a hold beyond the changed quota": (
        lambda told: change(told, quota=Quota(49)),
        "0 of 49 was used before the hold",
    ),
    "a hold in the window before": (
        lambda told: change(told, quota=Quota(500, DAY)),
        "the hold belongs to the window 2026-11-20",
    ),
    "a model beyond the changed scope": (
        lambda told: change(told, allowed_models=("free",)),
        "the key may not call m",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_a_change_should_have_refused_is_named(fault: str) -> None:
    meddle, message = FAULTS[fault]
    told = History(customers=1)
    call = taken(told, told.reserve)
    meddle(told)
    told.ledger.facts += call

    assert message in [found.message for found in audited(log_of(told))[0]]


@pytest.mark.parametrize("act", [_lower, rotate])
def test_a_disabled_key_that_goes_on_to_change_is_named(act: Callable[[History], None]) -> None:
    told = History(customers=1)
    done = taken(told, lambda: act(told))
    told.do(disable_own_key(told.who.key_id, OPERATOR))
    told.ledger.facts += done

    violations, _ = audited(log_of(told))
    assert [(found.check, found.message) for found in violations] == [
        ("keys", "the key is disabled")
    ]


def test_what_a_smaller_window_counted_is_counted_by_the_larger_one() -> None:
    told = History(customers=1, quota=Quota(1_000, DAY))
    told.charge(told.reserve(), {"input": 10, "output": 20})
    told.tick(days=1)
    told.reserve()
    call = taken(told, told.reserve)
    change(told, quota=Quota(60, MONTH))
    for fact in call:
        if "window" in vars(fact):
            vars(fact)["window"] = "2026-11"
    told.ledger.facts += call

    assert "100 of 60 was used before the hold" in [f.message for f in audited(log_of(told))[0]]


def taken(told: History, act: Callable[[], object]) -> list[Any]:
    """What an act adds to the log, which does not have it yet."""
    before = len(told.ledger.facts)
    act()
    done, told.ledger.facts[before:] = told.ledger.facts[before:], []
    return done
