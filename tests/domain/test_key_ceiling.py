"""What a key may leave another with: what it was, or what it has itself, and no mixture of both."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.api_key import INFERENCE, MANAGE
from domain.key_ceiling import ExceedsOwnKeyError, check_gives
from domain.key_terms import KeyTerms
from domain.quota import Quota
from tests.domain.shop import T0

BOTH = KeyTerms((INFERENCE, MANAGE))
CHEAP, DEAR = replace(BOTH, allowed_models=("cheap",)), replace(BOTH, allowed_models=("dear",))
SOON = T0 + timedelta(days=1)


@pytest.mark.parametrize(
    ("own", "before", "raised", "param"),
    [
        (CHEAP, replace(DEAR, quota=Quota(1)), {"quota": None}, "allowed_model_ids"),
        (CHEAP, replace(DEAR, expires_at=SOON), {"expires_at": None}, "allowed_model_ids"),
        (
            CHEAP,
            KeyTerms((MANAGE,)),
            {"permissions": (INFERENCE, MANAGE)},
            "allowed_model_ids",
        ),
        (
            replace(CHEAP, expires_at=SOON),
            DEAR,
            {"allowed_models": ("cheap",)},
            "expires_at",
        ),
        (replace(CHEAP, quota=Quota(1)), DEAR, {"allowed_models": ("cheap",)}, "quota"),
    ],
)
def test_what_is_within_the_one_here_and_the_other_there_may_be_more_than_either(
    own: KeyTerms, before: KeyTerms, raised: dict[str, Any], param: str
) -> None:
    with pytest.raises(ExceedsOwnKeyError) as caught:
        check_gives(own, replace(before, **raised), before)

    assert caught.value.param == param
    check_gives(BOTH, replace(before, **raised), before)


@pytest.mark.parametrize(
    "before", [BOTH, DEAR, KeyTerms((MANAGE,)), KeyTerms((MANAGE,), ("dear",))]
)
def test_what_is_no_more_than_it_was_may_be_more_than_the_keys_own(before: KeyTerms) -> None:
    own = replace(CHEAP, quota=Quota(1), expires_at=SOON)

    for lowered in ({"tags": {"team": "a"}}, {"expires_at": SOON}, {"quota": Quota(5)}):
        check_gives(own, replace(before, **lowered), before)
    with pytest.raises(ExceedsOwnKeyError):
        check_gives(own, before)
