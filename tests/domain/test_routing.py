"""Routes in order of preference, those that cool down last."""

import pytest

from domain.catalog import CHAT, EMBEDDINGS, Catalog, Model, Route
from domain.errors import ModelNotFoundError
from domain.routing import CoolDowns

FIRST, SECOND = Route("one", "a"), Route("two", "b")
MODEL = Model("m", CHAT, 1_000, 100, (FIRST, SECOND), prices={"input": 1, "output": 1})
OTHER = Model("other", CHAT, 1_000, 100, (FIRST,))


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def test_routes_come_in_order_of_preference_and_only_through_allowed_providers() -> None:
    cool_downs = CoolDowns(Clock())

    assert cool_downs.order(MODEL, ["one", "two"]) == [FIRST, SECOND]
    assert cool_downs.order(MODEL, ["two"]) == [SECOND]


def test_a_cooling_route_goes_last_until_its_time_is_over() -> None:
    clock = Clock()
    cool_downs = CoolDowns(clock)

    cool_downs.cool(MODEL, FIRST, 5)

    assert cool_downs.order(MODEL, ["one", "two"]) == [SECOND, FIRST]
    clock.now = 4_999
    assert cool_downs.order(MODEL, ["one", "two"]) == [SECOND, FIRST]
    clock.now = 5_000
    assert cool_downs.order(MODEL, ["one", "two"]) == [FIRST, SECOND]


def test_an_only_route_is_still_tried() -> None:
    cool_downs = CoolDowns(Clock())
    cool_downs.cool(MODEL, FIRST, 5)

    assert cool_downs.order(MODEL, ["one"]) == [FIRST]


def test_a_cool_down_belongs_to_the_models_route_alone() -> None:
    cool_downs = CoolDowns(Clock())
    cool_downs.cool(OTHER, FIRST, 5)

    assert cool_downs.order(MODEL, ["one", "two"]) == [FIRST, SECOND]


def test_a_route_that_works_is_warm_again() -> None:
    cool_downs = CoolDowns(Clock())
    cool_downs.warm(MODEL, FIRST)
    cool_downs.cool(MODEL, FIRST, 5)

    cool_downs.warm(MODEL, FIRST)

    assert cool_downs.order(MODEL, ["one", "two"]) == [FIRST, SECOND]


def test_a_model_is_found_by_its_id_and_kind_only() -> None:
    catalog = Catalog("USD", {"m": MODEL, "other": OTHER})

    assert catalog.find("m", {CHAT}) is MODEL
    assert MODEL.providers == ("one", "two")
    assert catalog.priced() == [MODEL]
    for model_id, kind in (("m", EMBEDDINGS), ("x", CHAT)):
        with pytest.raises(ModelNotFoundError):
            catalog.find(model_id, {kind})
